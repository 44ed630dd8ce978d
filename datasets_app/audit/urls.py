"""Pages of the audit log."""

from django.urls import path

from datasets_app.audit import views

urlpatterns = [
    path("p/<slug:slug>/audit/", views.of_project, name="project-audit"),
    path("p/<slug:slug>/audit.csv", views.of_project_csv, name="project-audit-csv"),
    path("audit/", views.of_all, name="audit"),
    path("audit.csv", views.of_all_csv, name="audit-csv"),
]
