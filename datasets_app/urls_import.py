"""Addresses of the import pages."""

from django.urls import path

from datasets_app import views_import

urlpatterns = [
    path("p/<slug:slug>/import/", views_import.project_import, name="project-import"),
    path("p/<slug:slug>/import/retry-media/", views_import.retry_media, name="project-media-retry"),
    path("p/<slug:slug>/import/<uuid:public_id>/", views_import.import_run, name="project-import-run"),
    path("p/<slug:slug>/import/<uuid:public_id>/retry/", views_import.retry_import, name="project-import-retry"),
]
