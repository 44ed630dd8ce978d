"""Addresses of the trials: one clip put to a scorer once."""

from django.urls import path

from datasets_app.trials import views

urlpatterns = [
    path("p/<slug:slug>/try/", views.trials, name="project-trials"),
    path("p/<slug:slug>/try/<uuid:public_id>/", views.trial, name="trial"),
    path("p/<slug:slug>/try/<uuid:public_id>/again/", views.trial_again, name="trial-again"),
    path("p/<slug:slug>/try/<uuid:public_id>/delete/", views.trial_delete, name="trial-delete"),
    path("p/<slug:slug>/try/<uuid:public_id>/clip/", views.trial_clip, name="trial-clip"),
    path("p/<slug:slug>/try/<uuid:public_id>/seen/strip/", views.trial_frames, name="trial-frames"),
    path("p/<slug:slug>/try/<uuid:public_id>/seen/<int:nth>/", views.trial_frames, name="trial-frames-one"),
]
