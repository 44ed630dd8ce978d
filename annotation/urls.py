"""Every page of the core: projects and the rating room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("annotation.urls_projects")),
    path("", include("annotation.urls_rate")),
]
