"""Addresses of the videos' files."""

from django.urls import path

from datasets_app.media.frames_seen import frames_seen
from datasets_app.media.serve import media

urlpatterns = [
    path("media/<uuid:public_id>/<slug:kind>/", media, name="media"),
    path("media/<uuid:public_id>/seen/<int:suggestion>/strip/", frames_seen, name="frames-seen"),
    path("media/<uuid:public_id>/seen/<int:suggestion>/<int:nth>/", frames_seen, name="frames-seen-one"),
]
