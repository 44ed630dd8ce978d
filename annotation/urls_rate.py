"""Addresses of the rating room."""

from django.urls import path

from annotation import views_rate

urlpatterns = [
    path("p/<slug:slug>/rate/", views_rate.rate, name="rate"),
    path("p/<slug:slug>/rate/next/", views_rate.rate_next, name="rate-next"),
    path("p/<slug:slug>/rate/<uuid:public_id>/open/", views_rate.rate_open, name="rate-open"),
    path("p/<slug:slug>/rate/<uuid:public_id>/draft/", views_rate.rate_draft, name="rate-draft"),
    path("p/<slug:slug>/rate/<uuid:public_id>/submit/", views_rate.rate_submit, name="rate-submit"),
    path("p/<slug:slug>/rate/<uuid:public_id>/skip/", views_rate.rate_skip, name="rate-skip"),
    path("p/<slug:slug>/rate/<uuid:public_id>/take-back/", views_rate.rate_take_back, name="rate-take-back"),
]
