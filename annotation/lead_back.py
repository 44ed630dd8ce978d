"""Addresses that only take a form: who opens one by itself is led to the page the form is on, not to a blank 405.

That happens after a session ended while somebody wrote, and with Enter in the address bar of a refused form.
"""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _


class LeadBack:
    """Middleware. Programs, which ask for no page, still get their 405."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        above = _page_above(request.path) if response.status_code == 405 and wants_page else None
        if above is None:
            return response
        _tell(request, _("Nothing was done just now. If you had been logged out in between, do it once more."))
        return redirect(above)


def _page_above(path: str) -> str | None:
    """The nearest address above this one that there is, "/p/autumn/members/" for "/p/autumn/members/3/cap/"."""
    while above := path.rstrip("/").rpartition("/")[0]:
        path = f"{above}/"
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return None


def _tell(request: HttpRequest, words: str) -> None:
    """Once, also where one such address leads to the next."""
    waiting = messages.get_messages(request)
    told = any(one.message == words for one in waiting)
    if isinstance(waiting, BaseStorage):
        waiting.used = False  # reading them here is not showing them
    if not told:
        messages.warning(request, words)
