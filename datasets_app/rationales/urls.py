"""Addresses of the rationales' pages."""

from django.urls import path

from datasets_app.rationales import views, views_reconcile

urlpatterns = [
    path("p/<slug:slug>/rationales/", views.rationales, name="rationales"),
    path("p/<slug:slug>/rationales/reconcile/", views_reconcile.start, name="reconcile"),
    path("p/<slug:slug>/rationales/<uuid:public_id>/", views.rationale, name="rationale"),
    path("p/<slug:slug>/rationales/<uuid:public_id>/accept/", views.accept, name="rationale-accept"),
    path(
        "p/<slug:slug>/rationales/<uuid:public_id>/take-back/<int:pk>/",
        views.take_back,
        name="rationale-take-back",
    ),
]
