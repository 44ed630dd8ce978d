"""Every address of the site. Pages of one app are named in that app's `urls.py`."""

from django.urls import include, path

from config.health import readyz
from config.metrics import metrics

urlpatterns = [
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("accounts/", include("annotation.account_urls")),
    path("", include("annotation.urls")),
    path("", include("scoring.urls")),
    path("", include("datasets_app.urls")),
]
