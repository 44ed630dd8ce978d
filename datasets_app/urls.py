from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("datasets_app.media.urls")),
    path("", include("datasets_app.intake.urls")),
    path("", include("datasets_app.releases.urls")),
    path("", include("datasets_app.rationales.urls")),
    path("", include("datasets_app.trials.urls")),
    path("", include("datasets_app.picks.urls")),
    path("", include("datasets_app.loop.urls")),
    path("", include("datasets_app.takedown.urls")),
    path("", include("datasets_app.audit.urls")),
]
