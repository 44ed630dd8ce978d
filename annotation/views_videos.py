from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def videos(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")


def video(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")
