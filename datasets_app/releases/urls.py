"""Addresses of the releases page."""

from django.urls import path

from datasets_app.releases import views

urlpatterns = [
    path("p/<slug:slug>/releases/", views.releases, name="project-releases"),
    path("p/<slug:slug>/releases/<int:number>/", views.release, name="release"),
    path("p/<slug:slug>/releases/<int:number>/download/", views.download, name="release-download"),
    path("p/<slug:slug>/releases/<int:number>/manifest/", views.manifest, name="release-manifest"),
    path("p/<slug:slug>/import-annotations/", views.annotations, name="import-annotations"),
]
