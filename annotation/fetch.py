"""Requests that the rating room's scripts make: they get JSON, also when the session has ended."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _

View = Callable[..., HttpResponseBase]

OTHER = _("This page is the work of somebody else than who is logged in now. Nothing of it was stored.")


def wants_json(request: HttpRequest) -> bool:
    """Whether the answer goes to a script and not to a page of its own."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def session_required(view: View) -> View:
    """Like `login_required`, but a script whose session has ended gets 401 and the login's address as JSON.

    A page says whose it is (`rater`). When somebody else has logged in since, what it asks is refused with 403,
    `{error, user}`: nobody's work is stored under another's name.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        for_script = wants_json(request) or getattr(view, "only_for_scripts", False)
        if not request.user.is_authenticated:
            if for_script:
                return JsonResponse({"login_url": resolve_url(settings.LOGIN_URL)}, status=401)
            return redirect_to_login(request.get_full_path())
        rater = request.POST.get("rater") or request.GET.get("rater")
        if rater and rater != str(request.user.pk):
            if for_script:
                return JsonResponse({"error": str(OTHER), "user": request.user.get_username()}, status=403)
            raise PermissionDenied(OTHER)
        return view(request, *args, **kwargs)

    return checked


def for_scripts(view: View) -> View:
    """A view that only scripts call, whatever they say they accept."""
    view.only_for_scripts = True  # type: ignore[attr-defined]
    return view
