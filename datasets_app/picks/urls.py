"""Addresses of the downloads of the best-of-N page."""

from django.urls import path

from datasets_app.picks import views

urlpatterns = [
    path("p/<slug:slug>/best-of/picks.<slug:kind>", views.picks_file, name="best-of-picks"),
    path("p/<slug:slug>/best-of/pairs.jsonl", views.pairs_file, name="best-of-pairs"),
]
