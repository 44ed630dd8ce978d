"""Addresses of a project's guidelines."""

from django.urls import path

from annotation.guidelines import views

urlpatterns = [
    path("p/<slug:slug>/guidelines/", views.guidelines, name="guidelines"),
    path("p/<slug:slug>/guidelines/read/", views.read, name="guidelines-read"),
    path("p/<slug:slug>/guidelines/examples/", views.example_add, name="example-add"),
    path("p/<slug:slug>/guidelines/examples/<int:pk>/", views.example_change, name="example-change"),
    path("p/<slug:slug>/guidelines/examples/<int:pk>/move/", views.example_move, name="example-move"),
    path("p/<slug:slug>/guidelines/examples/<int:pk>/remove/", views.example_remove, name="example-remove"),
]
