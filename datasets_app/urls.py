from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("datasets_app.urls_media")),
    path("", include("datasets_app.urls_import")),
    path("", include("datasets_app.urls_releases")),
]
