"""Addresses of the releases page."""

from django.urls import path

from datasets_app import views_releases

urlpatterns = [
    path("p/<slug:slug>/releases/", views_releases.releases, name="project-releases"),
    path("p/<slug:slug>/releases/<int:number>/", views_releases.release, name="release"),
    path("p/<slug:slug>/releases/<int:number>/download/", views_releases.download, name="release-download"),
    path("p/<slug:slug>/releases/<int:number>/manifest/", views_releases.manifest, name="release-manifest"),
    path("p/<slug:slug>/import-annotations/", views_releases.annotations, name="import-annotations"),
]
