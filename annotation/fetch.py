"""Requests that the rating room's scripts make: they get JSON, also when the session has ended."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url

View = Callable[..., HttpResponseBase]


def wants_json(request: HttpRequest) -> bool:
    """Whether the answer goes to a script and not to a page of its own."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def session_required(view: View) -> View:
    """Like `login_required`, but a script whose session has ended gets 401 and the login's address as JSON."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if wants_json(request) or getattr(view, "only_for_scripts", False):
            return JsonResponse({"login_url": resolve_url(settings.LOGIN_URL)}, status=401)
        return redirect_to_login(request.get_full_path())

    return checked


def for_scripts(view: View) -> View:
    """A view that only scripts call, whatever they say they accept."""
    view.only_for_scripts = True  # type: ignore[attr-defined]
    return view
