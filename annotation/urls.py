"""Every page of the core: projects, their guidelines, and the rating room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("annotation.projects.urls")),
    path("", include("annotation.guidelines.urls")),
    path("", include("annotation.room.urls")),
    path("", include("annotation.review.urls")),
]
