from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def members(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")


def invite(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")


def change_role(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")


def remove(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")


def revoke(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "base.html")
