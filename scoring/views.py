"""The page of suggestions: start a scorer, watch it, choose whose suggestions raters see. For leads."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from annotation.access import membership_for
from annotation.models import Membership, Role, ScorerVersion
from annotation.room.ranking import rank_prompts
from scoring.jobs import enqueue, retry_failed
from scoring.progress import failures_of, offers, progress_of, unasked
from scoring.registry import scorers
from scoring.versions import usable_versions


@login_required
@require_GET
def suggestions(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page."""
    membership = membership_for(request.user, slug, Role.LEAD)
    context = _progress_context(membership) | {
        "offers": offers(membership.project),
        "scorable": membership.project.videos.scorable().count(),
        "videos": membership.project.videos.count(),
        "role": membership.role,
        "tab": "suggestions",
    }
    return render(request, "scoring/suggestions.html", context)


@login_required
@require_GET
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The part that is asked for every two seconds while jobs are open."""
    membership = membership_for(request.user, slug, Role.LEAD)
    return render(request, "scoring/suggestions.html#progress", _progress_context(membership))


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask a scorer about every video with a sound file that it was not asked about."""
    project = membership_for(request.user, slug, Role.LEAD).project
    name = request.POST.get("scorer", "")
    version = next(iter(usable_versions(name)), None) if name in scorers() else None
    if version is None:
        messages.error(request, _("There is no such scorer. Choose one of the list."))
        return redirect("project-suggestions", slug)
    queued = enqueue(version, unasked(project, version))
    messages.success(
        request,
        ngettext("%(count)d video is queued for %(name)s.", "%(count)d videos are queued for %(name)s.", queued)
        % {"count": queued, "name": name},
    )
    return redirect("project-suggestions", slug)


@login_required
@require_POST
def retry(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """Give a version's failed jobs new attempts."""
    project = membership_for(request.user, slug, Role.LEAD).project
    again = retry_failed(get_object_or_404(ScorerVersion, pk=version_id), project)
    messages.success(request, ngettext("%d job is queued again.", "%d jobs are queued again.", again) % again)
    return redirect("project-suggestions", slug)


@login_required
@require_POST
def choose_suggester(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the version whose suggestions raters may see; an empty choice shows none."""
    project = membership_for(request.user, slug, Role.LEAD).project
    versions = {str(row.version.pk): row.version for row in progress_of(project)}
    chosen = request.POST.get("version", "")
    if chosen and chosen not in versions:
        messages.error(request, _("That version has no suggestions in this project."))
        return redirect("project-suggestions", slug)
    project.suggester = versions[chosen] if chosen else None
    project.save(update_fields=["suggester"])
    rank_prompts(project)
    messages.success(
        request,
        _("Raters in the pre-filled arm see what %(version)s suggests.") % {"version": project.suggester}
        if project.suggester
        else _("Raters see no suggestions."),
    )
    return redirect("project-suggestions", slug)


def _progress_context(membership: Membership) -> dict[str, object]:
    rows = progress_of(membership.project)
    return {
        "project": membership.project,
        "rows": rows,
        "moving": any(row.open for row in rows),
        "failures": failures_of(membership.project),
    }
