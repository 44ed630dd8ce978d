"""The loop on one page: release, training elsewhere, registering, scoring, comparing, promoting. For leads."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotation.access import membership_for
from annotation.models import Role
from datasets_app.loop.rows import commands, releases_of, rows_of, trainable_versions
from datasets_app.loop.state import StatedElsewhere, state_training


@never_cache  # going back must not show a suggester that is none any more
@login_required
@require_safe
def loop(request: HttpRequest, slug: str) -> HttpResponse:
    """`all=1` in the address counts videos seen in training, too; `now` waits for the figures of many answers."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project = membership.project
    held_out = request.GET.get("all") != "1"
    context = {
        "project": project,
        "role": membership.role,
        "tab": "evaluation",
        "rows": rows_of(project, held_out=held_out, wait="now" in request.GET),
        "held_out": held_out,
        "releases": releases_of(project),
        "commands": commands(),
    }
    return render(request, "datasets/loop.html", context)


@never_cache
@login_required
@require_safe
def version(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """One version's row with its figures, for a page that came without them."""
    project = membership_for(request.user, slug, Role.LEAD).project
    held_out = request.GET.get("all") != "1"
    found = rows_of(project, held_out=held_out, only=version_id)
    if not found:
        raise Http404
    context = {"project": project, "row": found[0], "held_out": held_out, "releases": releases_of(project)}
    return render(request, "datasets/loop_row.html", context)


@login_required
@require_POST
def trained_on(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """State the release, by its number, that a version was trained on; an empty one takes it back."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project = membership.project
    version = get_object_or_404(trainable_versions(), pk=version_id)
    wanted = request.POST.get("release", "")
    release = next((one for one in releases_of(project) if str(one.number) == wanted), None)
    if wanted and release is None:
        messages.error(request, _("There is no such finished release in this project."))
        return redirect("project-loop", slug)
    try:
        state_training(project, version, release, by=membership.user)
    except StatedElsewhere:
        messages.error(request, _("Another project has stated what this version was trained on."))
    else:
        said = {"version": version, "number": release.number if release else 0}
        messages.success(
            request,
            _("%(version)s was trained on release %(number)d.") % said
            if release
            else _("What %(version)s was trained on is open again.") % said,
        )
    return redirect("project-loop", slug)
