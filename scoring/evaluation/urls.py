"""Addresses of the evaluation's pages."""

from django.urls import path

from scoring.evaluation import views

urlpatterns = [
    path("p/<slug:slug>/evaluation/", views.evaluation, name="project-evaluation"),
    path("p/<slug:slug>/evaluation/figures/", views.figures, name="evaluation-figures"),
    path("p/<slug:slug>/evaluation/intervals/", views.start, name="evaluation-start"),
    path("p/<slug:slug>/evaluation/intervals/<int:pk>/", views.progress, name="evaluation-progress"),
    path("p/<slug:slug>/evaluation/worst/", views.worst, name="evaluation-worst"),
    path(
        "p/<slug:slug>/evaluation/charts/<int:version_id>/<slug:size>/<slug:name>.svg",
        views.chart,
        name="evaluation-chart",
    ),
]
