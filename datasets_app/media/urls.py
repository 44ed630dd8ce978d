"""Addresses of the videos' files."""

from django.urls import path

from datasets_app.media.serve import media

urlpatterns = [path("media/<uuid:public_id>/<slug:kind>/", media, name="media")]
