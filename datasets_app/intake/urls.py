"""Addresses of the import pages."""

from django.urls import path

from datasets_app.intake import views

urlpatterns = [
    path("p/<slug:slug>/import/", views.project_import, name="project-import"),
    path("p/<slug:slug>/import/retry-media/", views.retry_media, name="project-media-retry"),
    path("p/<slug:slug>/import/<uuid:public_id>/", views.import_run, name="project-import-run"),
    path("p/<slug:slug>/import/<uuid:public_id>/retry/", views.retry_import, name="project-import-retry"),
    path("p/<slug:slug>/import/<uuid:public_id>/refused.csv", views.refused_rows, name="project-import-refused"),
]
