"""Pages on which videos, releases and projects are deleted."""

from django.urls import path

from datasets_app.takedown import views

urlpatterns = [
    path("p/<slug:slug>/videos/<uuid:public_id>/delete/", views.video, name="video-delete"),
    path("p/<slug:slug>/releases/<int:number>/delete/", views.release, name="release-delete"),
    path("p/<slug:slug>/delete/", views.project, name="project-delete"),
    path("deletions/", views.deletions, name="project-deletions"),
    path("deletions/<uuid:public_id>/", views.deletion, name="project-deletion"),
]
