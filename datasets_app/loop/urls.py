"""Addresses of the loop's page."""

from django.urls import path

from datasets_app.loop import views

urlpatterns = [
    path("p/<slug:slug>/loop/", views.loop, name="project-loop"),
    path("p/<slug:slug>/loop/<int:version_id>/", views.version, name="loop-version"),
    path("p/<slug:slug>/loop/<int:version_id>/trained-on/", views.trained_on, name="loop-trained-on"),
]
