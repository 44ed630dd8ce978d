"""Address of the best-of-N page."""

from django.urls import path

from scoring.best_of import views

urlpatterns = [path("p/<slug:slug>/best-of/", views.best_of, name="best-of")]
