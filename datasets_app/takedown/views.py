"""The pages before something goes for good, and the one on which a project is seen to go."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.access import membership_for
from annotation.models import Project, Rating, Role, User, Video
from annotation.second_factor import demand_second_factor
from datasets_app.models import Release
from datasets_app.takedown.forms import ConfirmForm
from datasets_app.takedown.models import ProjectDeletion
from datasets_app.takedown.project import ask_for_deletion
from datasets_app.takedown.release import BeingBuilt, delete_release
from datasets_app.takedown.video import releases_with, take_down


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def video(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What a takedown takes with it, which releases hold the video, and the takedown itself."""
    lead = membership_for(request.user, slug, Role.LEAD)
    found = get_object_or_404(
        Video.objects.select_related("project", "prompt"), project=lead.project, public_id=public_id
    )
    form = ConfirmForm(request.POST if request.method == "POST" else None, name=found.name)
    holding = releases_with(found)
    if form.is_valid():
        take_down(found, by=lead.user)
        messages.success(request, _("“%s” is gone, with everything that was said about it.") % found.name)
        if holding:
            messages.warning(request, _("Releases that hold it are as they were: delete those that must not."))
        return redirect("project-releases" if holding else "project-videos", slug)
    context = {
        "project": lead.project,
        "role": lead.role,
        "tab": "videos",
        "video": found,
        "form": form,
        "holding": holding,
        "ratings": Rating.objects.firsts().filter(video=found).count(),
        "suggestions": found.suggestions.count(),
        "alone": not found.prompt.videos.exclude(pk=found.pk).exists(),
    }
    return render(request, "datasets/video_delete.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    lead = membership_for(request.user, slug, Role.LEAD)
    found = get_object_or_404(Release.objects.standing(), project=lead.project, number=number)
    form = ConfirmForm(request.POST if request.method == "POST" else None, name=str(number))
    if form.is_valid():
        try:
            delete_release(found, by=lead.user)
        except BeingBuilt:
            messages.error(request, _("A worker is building it. Delete it when that has ended."))
            return redirect("release", slug, number)
        messages.success(request, _("Release %d is gone.") % number)
        return redirect("project-releases", slug)
    context = {"project": lead.project, "role": lead.role, "tab": "releases", "release": found, "form": form}
    return render(request, "datasets/release_delete.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """For its leads, and for superusers."""
    found, user = _project_of(request, slug)
    form = ConfirmForm(request.POST if request.method == "POST" else None, name=slug)
    if form.is_valid():
        return redirect("project-deletion", ask_for_deletion(found, by=user).public_id)
    context = {
        "project": found,
        "form": form,
        "videos": found.videos.count(),
        "ratings": Rating.objects.firsts().filter(video__project=found).count(),
        "releases": Release.objects.standing().filter(project=found).count(),
        "people": found.memberships.count(),
    }
    return render(request, "datasets/project_delete.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
@never_cache
def deletions(request: HttpRequest) -> HttpResponse:
    """A part of the list of projects: the way to each deletion that still runs; 204 where there is none."""
    running = ProjectDeletion.objects.waiting().shown_to(request.user).order_by("pk")
    if not running:
        return HttpResponse(status=204)
    return render(request, "datasets/deletions.html", {"deletions": running})


@login_required
@require_safe
@never_cache
def deletion(request: HttpRequest, public_id: str) -> HttpResponse:
    """How far it is; for whoever asked for it, and for superusers. It asks for itself until it is done."""
    found = get_object_or_404(ProjectDeletion.objects.shown_to(request.user), public_id=public_id)
    return render(request, "datasets/deletion.html", {"deletion": found})


def _project_of(request: HttpRequest, slug: str) -> tuple[Project, User | None]:
    if isinstance(request.user, User) and request.user.is_superuser:
        demand_second_factor(request.user)
        return get_object_or_404(Project, slug=slug), request.user
    lead = membership_for(request.user, slug, Role.LEAD)
    return lead.project, lead.user
