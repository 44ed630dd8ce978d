"""The page behind a one-time link."""

from django.contrib import messages
from django.contrib.auth import login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.models import Invitation, Membership, User
from annotation.projects.forms import AccountForm
from annotation.projects.invite import LinkClosed, accept, accept_as_new_user, covers, is_open


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A logged-in person joins as they are; anybody else makes an account first."""
    links = Invitation.objects.select_related("project").filter(token_sha256=Invitation.hash_token(token))
    found = links.first()
    if found is None:
        return _closed(request, "unknown")
    try:
        if isinstance(request.user, User):
            return _join(request, found, request.user)
        return _open_account(request, found)
    except LinkClosed:
        now = links.first()
        if now is None:  # taken back meanwhile, or its project was deleted
            return _closed(request, "unknown")
        return _closed(request, "used" if now.accepted_at else "expired", status=410)


def _closed(request: HttpRequest, why: str, *, status: int = 404) -> HttpResponse:
    return render(request, "annotation/invitation_closed.html", {"why": why}, status=status)


def _join(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    membership = Membership.objects.filter(project=found.project, user=user).first()
    if covers(membership, found.role):
        return redirect("project", found.project.slug)
    if request.method == "POST":
        accept(found, user)
        return _welcome(request, found)
    if not is_open(found):
        raise LinkClosed
    return render(request, "annotation/invitation.html", {"invitation": found})


def _open_account(request: HttpRequest, found: Invitation) -> HttpResponse:
    if not is_open(found):
        raise LinkClosed
    form = AccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            user = accept_as_new_user(found, **form.cleaned_data)
        except IntegrityError:
            form.add_error(None, _("Somebody has just taken this username or address."))
        else:
            login(request, user)
            return _welcome(request, found)
    context = {"invitation": found, "form": form}
    return render(request, "annotation/invitation.html", context, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, found: Invitation) -> HttpResponse:
    messages.success(request, _("Welcome to {project}.").format(project=found.project.name))
    return redirect("project", found.project.slug)
