"""Pages about suggestions: what scorers are asked and how far they are."""

from django.urls import URLPattern, URLResolver, include, path

from scoring import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("scoring.best_of.urls")),
    path("", include("scoring.evaluation.urls")),
    path("p/<slug:slug>/suggestions/", views.suggestions, name="project-suggestions"),
    path("p/<slug:slug>/suggestions/progress/", views.progress, name="suggestions-progress"),
    path("p/<slug:slug>/suggestions/start/", views.start, name="suggestions-start"),
    path("p/<slug:slug>/suggestions/<int:version_id>/retry/", views.retry, name="suggestions-retry"),
    path("p/<slug:slug>/suggestions/<int:version_id>/cancel/", views.cancel_queued, name="suggestions-cancel"),
    path("p/<slug:slug>/suggestions/suggester/", views.choose_suggester, name="suggestions-suggester"),
]
