"""Try a clip: send one with its prompt, follow the answer, read all of it. For leads."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from annotation.access import membership_for
from annotation.models import Membership, Role, User
from datasets_app.intake.forms import MAX_REQUEST_BYTES
from datasets_app.media.frames_seen import send_picture
from datasets_app.media.sandbox import DecoderFailed
from datasets_app.media.serve import send_file
from datasets_app.media.sniff import CONTAINERS, Refused
from datasets_app.trials import ask
from datasets_app.trials.forms import TrialForm
from datasets_app.trials.keep import remove_trial, start_trial
from datasets_app.trials.models import Trial
from datasets_app.trials.trial_page import (
    NOBODY,
    lines_of,
    plays_in_browsers,
    seconds_since_start,
    seen_in,
    timings_of,
    waits_for,
)
from datasets_app.uploads import give_up, not_kept
from scoring.offers import offers, usual_run
from scoring.registry import queue_of

TRIALS_SHOWN = 30


@never_cache  # going back must not show a trial as it was
@csrf_exempt  # only until the sender and the size are known: the protected page reads the body
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def trials(request: HttpRequest, slug: str) -> HttpResponse:
    """The form and the last trials. A body that is too large is refused before it is read."""
    membership = membership_for(request.user, slug, Role.LEAD)
    too_large = _("One clip of at most 2 GB goes at once.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_REQUEST_BYTES:
        return _page(request, membership, _form(membership), problem=too_large, status=413)
    try:
        return _protected_trials(request, membership)
    except TooManyFilesSent:
        return _page(request, membership, _form(membership), problem=too_large, status=413)
    except OSError as error:  # no room for the body while it is read
        give_up(request)
        return _page(request, membership, _form(membership), problem=not_kept(error), status=507)


@csrf_protect
def _protected_trials(request: HttpRequest, membership: Membership) -> HttpResponse:
    if request.method != "POST":
        return _page(request, membership, _form(membership))
    form = _form(membership, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, membership, form, status=422)
    assert isinstance(request.user, User)
    sent = form.cleaned_data
    try:
        trial = start_trial(
            project=membership.project,
            user=request.user,
            clip=sent["clip"],
            prompt=sent["prompt"],
            scorer_version=sent["version"],
        )
    except (Refused, DecoderFailed) as refused:
        form.add_error("clip", str(refused))
        return _page(request, membership, form, status=422)
    except OSError as error:
        return _page(request, membership, form, problem=not_kept(error), status=507)
    return redirect("trial", membership.project.slug, trial.public_id)


@never_cache
@login_required
@require_GET
def trial(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """One trial: a page of its own, of which htmx asks only the part that changes."""
    membership = membership_for(request.user, slug, Role.LEAD)
    found = _trial(membership, public_id)
    template = "datasets/trial.html" + ("#answer" if request.headers.get("HX-Request") else "")
    waits = waits_for(found) if found.state == "waiting" else ""
    context = {
        "trial": found,
        "plays": plays_in_browsers(found),
        "lines": lines_of(found),
        "seen": seen_in(found),
        "timings": timings_of(found),
        "elapsed": seconds_since_start(found),
        "waits_for": waits,
        "queue": queue_of(found.scorer_version.scorer.name) if waits == NOBODY else "",
    }
    return render(request, template, _frame(membership) | context)


@login_required
@require_POST
def trial_again(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """Put a failed trial to its scorer once more."""
    found = _trial(membership_for(request.user, slug, Role.LEAD), public_id)
    ask.ask_again(found)
    return redirect("trial", slug, public_id)


@login_required
@require_POST
def trial_delete(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """Remove a trial with its clip; one that is gone already is no fault of who clicked twice."""
    membership = membership_for(request.user, slug, Role.LEAD)
    for found in membership.project.trials.filter(public_id=public_id):
        remove_trial(found)
        messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
    return redirect("project-trials", slug)


@require_safe
def trial_clip(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """The clip as it was sent, by ranges."""
    found = _trial(membership_for(request.user, slug, Role.LEAD), public_id)
    container = CONTAINERS.get(found.container)
    content_type = container.content_type if container else "application/octet-stream"
    return send_file(request, found.original.name or "", content_type, "clip")


@require_safe
def trial_frames(request: HttpRequest, slug: str, public_id: UUID, nth: int | None = None) -> HttpResponseBase:
    """What the scorer saw of the clip: all frames in a strip, or the nth (from 0) in its size."""
    found = _trial(membership_for(request.user, slug, Role.LEAD), public_id)
    return send_picture(request, seen_in(found), found.original, found.container, f"{found.folder}/seen", nth)


def _trial(membership: Membership, public_id: UUID) -> Trial:
    found = Trial.objects.select_related("scorer_version__scorer", "project", "created_by")
    return get_object_or_404(found, project=membership.project, public_id=public_id)


def _form(membership: Membership, *sent: object) -> TrialForm:
    offered = offers()
    usual = usual_run(offered, membership.project)
    versions = [version for offer in offered for version in offer.versions]
    return TrialForm(*sent, versions=versions, usual=usual.version if usual else None)


def _page(
    request: HttpRequest, membership: Membership, form: TrialForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    for wrong in list(form.errors)[:1]:
        form.fields[wrong].widget.attrs["autofocus"] = True
    last = membership.project.trials.select_related("scorer_version__scorer", "created_by")[:TRIALS_SHOWN]
    context = {"form": form, "problem": problem, "trials": [(each, lines_of(each)) for each in last]}
    return render(request, "datasets/trials.html", _frame(membership) | context, status=status)


def _frame(membership: Membership) -> dict[str, object]:
    return {"project": membership.project, "role": membership.role, "tab": "suggestions"}
