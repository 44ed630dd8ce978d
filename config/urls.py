"""Every address of the site. Pages of one app are named in that app's `urls.py`."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("annotation.urls")),
    path("", include("scoring.urls")),
    path("", include("datasets_app.urls")),
]
