"""A person's projects, and the pages of one project that its lead or reviewer opens."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_safe

from annotation.access import STAFF, membership_for
from annotation.models import Project, Role


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Whether the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_required
@require_GET
def projects(request: HttpRequest) -> HttpResponse:
    return render(request, "annotation/projects.html", {"projects": Project.objects.visible_to(request.user)})


@login_required
def create(request: HttpRequest) -> HttpResponse:
    return render(request, "annotation/projects.html", {"projects": []})


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug)
    if membership.role == Role.RATER:
        return redirect("rate", slug)
    context = {"project": membership.project, "role": membership.role, "tab": "overview"}
    return render(request, "annotation/project_base.html", context)


@login_required
@require_GET
def chart(request: HttpRequest, slug: str, chart: str) -> HttpResponse:
    membership_for(request.user, slug, *STAFF)
    return HttpResponse()


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug, Role.LEAD)
    context = {"project": membership.project, "role": membership.role, "tab": "settings"}
    return render(request, "annotation/project_base.html", context)
