"""Addresses of the rating room."""

from django.urls import path

from annotation.room import views, views_history

urlpatterns = [
    path("p/<slug:slug>/rate/", views.rate, name="rate"),
    path("p/<slug:slug>/rate/next/", views.rate_next, name="rate-next"),
    path("p/<slug:slug>/rate/<uuid:public_id>/open/", views.rate_open, name="rate-open"),
    path("p/<slug:slug>/rate/<uuid:public_id>/draft/", views.rate_draft, name="rate-draft"),
    path("p/<slug:slug>/rate/<uuid:public_id>/submit/", views.rate_submit, name="rate-submit"),
    path("p/<slug:slug>/rate/<uuid:public_id>/skip/", views.rate_skip, name="rate-skip"),
    path("p/<slug:slug>/rate/<uuid:public_id>/take-back/", views.rate_take_back, name="rate-take-back"),
    path("p/<slug:slug>/rate/<uuid:public_id>/leave/", views.rate_leave, name="rate-leave"),
    path("p/<slug:slug>/mine/", views_history.mine, name="rate-mine"),
    path("p/<slug:slug>/mine/<int:pk>/edit/", views_history.mine_edit, name="rate-mine-edit"),
]
