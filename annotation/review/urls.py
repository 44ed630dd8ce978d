"""Pages of the review: the queue, a case, and the three decisions."""

from django.urls import path

from annotation.review import views

urlpatterns = [
    path("p/<slug:slug>/review/", views.queue, name="review"),
    path("p/<slug:slug>/review/<uuid:public_id>/", views.case, name="review-case"),
    path("p/<slug:slug>/review/<uuid:public_id>/accept/", views.case_accept, name="review-accept"),
    path("p/<slug:slug>/review/<uuid:public_id>/return/", views.case_return, name="review-return"),
    path("p/<slug:slug>/review/<uuid:public_id>/fix/", views.case_fix, name="review-fix"),
]
