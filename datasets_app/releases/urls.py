"""Addresses of the releases page and of each release."""

from django.urls import path

from datasets_app.releases import views, views_release

urlpatterns = [
    path("p/<slug:slug>/releases/", views.releases, name="project-releases"),
    path("p/<slug:slug>/releases/preview/", views.preview, name="release-preview"),
    path("p/<slug:slug>/releases/choices/<slug:kind>/", views.offered, name="release-choices"),
    path("p/<slug:slug>/releases/shares/<slug:size>/<str:counts>.svg", views.shares, name="release-shares"),
    path("p/<slug:slug>/releases/<int:number>/", views_release.release, name="release"),
    path("p/<slug:slug>/releases/<int:number>/row/", views_release.row, name="release-row"),
    path("p/<slug:slug>/releases/<int:number>/download/", views_release.download, name="release-download"),
    path("p/<slug:slug>/releases/<int:number>/manifest/", views_release.manifest, name="release-manifest"),
    path("p/<slug:slug>/releases/<int:number>/verify/", views_release.verify, name="release-verify"),
    path("p/<slug:slug>/releases/<int:number>/plots/<str:name>", views_release.plot, name="release-plot"),
    path("p/<slug:slug>/import-annotations/", views.annotations, name="import-annotations"),
]
