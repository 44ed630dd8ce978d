"""The page of suggestions: run a scorer, follow it, choose whose suggestions raters see. For leads."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.access import membership_for
from annotation.models import Membership, Project, Role, ScorerVersion
from scoring.choose_videos import choices, chosen
from scoring.jobs import cancel, enqueue, retry_failed
from scoring.models import Job
from scoring.offers import SAMPLES, offers, usual_run, wanted_run
from scoring.progress import progress_of
from scoring.promote import make_suggester
from scoring.troubles import failures_of, unreadable_of

SUGGESTER_PAGES = {"loop": "project-loop"}  # that have the form too, by what they call themselves


@never_cache  # going back must not show a run as it was
@login_required
@require_GET
def suggestions(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page. `version` and `samples` of the address say which run is being prepared."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project, offered = membership.project, offers()
    run = wanted_run(offered, request.GET) or usual_run(offered, project)
    context = _progress_context(membership) | {
        "offers": offered,
        "run": run,
        "choices": choices(project, run.version, run.samples) if run else None,
        "samples": SAMPLES,
        "scorable": project.videos.scorable().count(),
        "videos": project.videos.count(),
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
    """Ask a scorer version about the chosen videos that can be scored, as far as it was not asked."""
    project = membership_for(request.user, slug, Role.LEAD).project
    run = wanted_run(offers(), request.POST.dict())
    if run is None:
        messages.error(request, _("There is no such scorer. Choose one of the list."))
        return redirect("project-suggestions", slug)
    videos = chosen(project, run.version, request.POST.get("videos", ""), run.samples)
    if videos is None:
        messages.error(request, _("There is no such choice of videos. Choose one of the list."))
        return redirect("project-suggestions", slug)
    queued = enqueue(run.version, videos, samples=run.samples)
    said = ngettext(
        "%(count)d job is queued for %(version)s.", "%(count)d jobs are queued for %(version)s.", queued
    )
    messages.success(request, said % {"count": queued, "version": run.version})
    prepared = f"?version={run.version.pk}&samples={run.samples}"  # the run that was chosen stays chosen
    return redirect(reverse("project-suggestions", args=[slug]) + prepared)


@login_required
@require_POST
def cancel_queued(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """Take a version's waiting jobs back."""
    project = membership_for(request.user, slug, Role.LEAD).project
    back = cancel(get_object_or_404(_asked_versions(project), pk=version_id), project)
    said = ngettext("%d queued job was cancelled.", "%d queued jobs were cancelled.", back)
    messages.success(request, said % back if back else _("No job was waiting any more."))
    return redirect("project-suggestions", slug)


@login_required
@require_POST
def retry(request: HttpRequest, slug: str, version_id: int) -> HttpResponse:
    """Give a version's failed jobs new attempts."""
    project = membership_for(request.user, slug, Role.LEAD).project
    again = retry_failed(get_object_or_404(_asked_versions(project), pk=version_id), project)
    messages.success(request, ngettext("%d job is queued again.", "%d jobs are queued again.", again) % again)
    return redirect("project-suggestions", slug)


@login_required
@require_POST
def choose_suggester(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the version whose suggestions raters may see; an empty choice shows none.

    `back` may name the other page that this form is on.
    """
    membership = membership_for(request.user, slug, Role.LEAD)
    project, back = membership.project, SUGGESTER_PAGES.get(request.POST.get("back", ""), "project-suggestions")
    versions = {str(row.version.pk): row.version for row in progress_of(project)}
    wanted = request.POST.get("version", "")
    if wanted and wanted not in versions:
        messages.error(request, _("That version has no suggestions in this project."))
        return redirect(back, slug)
    make_suggester(project, versions[wanted] if wanted else None, by=membership.user)
    messages.success(
        request,
        _("Raters in the pre-filled arm see what %(version)s suggests.") % {"version": project.suggester}
        if project.suggester
        else _("Raters see no suggestions."),
    )
    return redirect(back, slug)


def _asked_versions(project: Project) -> QuerySet[ScorerVersion]:
    """Versions that were asked about this project's videos."""
    return ScorerVersion.objects.filter(pk__in=Job.objects.of(project).values("scorer_version"))


def _progress_context(membership: Membership) -> dict[str, object]:
    rows = progress_of(membership.project)
    return {
        "project": membership.project,
        "rows": [row for row in rows if not row.folded],
        "superseded": [row for row in rows if row.folded],
        "moving": any(row.open for row in rows),
        "failures": failures_of(membership.project),
        "unreadable": unreadable_of(membership.project, answers=sum(row.unreadable for row in rows)),
    }
