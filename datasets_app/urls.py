from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("datasets_app.media.urls")),
    path("", include("datasets_app.intake.urls")),
    path("", include("datasets_app.releases.urls")),
    path("", include("datasets_app.trials.urls")),
]
