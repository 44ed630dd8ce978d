"""The site with the pages of errors at addresses of their own: a test sets ROOT_URLCONF to this module."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import include, path
from django.views.csrf import csrf_failure


def error(request, status):
    if status == 403:
        raise PermissionDenied
    if status == 404:
        raise Http404
    if status == 419:
        return csrf_failure(request)
    if status == 429:
        return render(request, "429.html", status=429)
    raise RuntimeError("a mistake of ours")


ERRORS = {403: 403, 404: 404, 419: 403, 429: 429, 500: 500}  # what stands in the address: the status that comes
urlpatterns = [path("error/<int:status>/", error), path("", include("config.urls"))]
