"""A person's projects, and the pages of one project that its lead or reviewer opens."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from annotation.access import STAFF, may_create_projects, membership_for
from annotation.models import Project, Role, User
from annotation.projects import charts
from annotation.projects.forms import ProjectForm, SettingsForm
from annotation.projects.list_projects import projects_of
from annotation.projects.overview import progress, quality, raters, ratings_a_day, score_shares, speed, stuck
from annotation.projects.set_up import change_settings, create_project
from annotation.scale import DIMENSIONS
from annotation.second_factor import demand_of_leads


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Whether the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_required
@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    demand_of_leads(request.user)
    context = {"projects": projects_of(request.user), "may_create": may_create_projects(request.user)}
    return render(request, "annotation/projects.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    demand_of_leads(request.user)
    if not may_create_projects(request.user) or not isinstance(request.user, User):
        raise PermissionDenied(_("Only people who lead a project may create another one."))
    form = ProjectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        project = create_project(form.save(commit=False), lead=request.user)
        messages.success(request, _("The project is there. Import its videos next."))
        return redirect("project", project.slug)
    return render(request, "annotation/create.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug)
    project = membership.project
    if membership.role == Role.RATER:
        return redirect("rate", slug)
    figures = quality(project)
    shares = score_shares(project)
    context = {
        "project": project,
        "role": membership.role,
        "tab": "overview",
        "progress": progress(project),
        "speed": speed(project),
        "quality": figures,
        "agreement": list(zip(DIMENSIONS, figures.agreement.by_dimension, strict=True)),
        "shares": [(dimension, shares[dimension.key]) for dimension in DIMENSIONS],
        "stuck": stuck(project),
        "raters": raters(project, figures.raters),
    }
    return render(request, "annotation/overview.html", context)


@login_required
@require_safe
@cache_control(private=True, max_age=0, no_cache=True)
def chart(request: HttpRequest, slug: str, name: str, size: str) -> HttpResponse:
    """A picture of the overview: `ratings-a-day` or `scores`, in one of the chart widths."""
    project = membership_for(request.user, slug, *STAFF).project
    width = charts.WIDTHS.get(size)
    if width is None:
        raise Http404
    if name == "ratings-a-day":
        picture = charts.line_chart(ratings_a_day(project), width)
    elif name == "scores":
        shares = score_shares(project)
        picture = charts.bar_charts([(str(d.short_label), shares[d.key]) for d in DIMENSIONS], width)
    else:
        raise Http404
    policy = f"default-src 'none'; style-src {charts.STYLE_SOURCE}"
    return HttpResponse(picture, content_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug, Role.LEAD)
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=membership.project)
    if request.method == "POST" and form.is_valid():
        change_settings(form.save(commit=False), form.changed_data, by=membership.user)
        messages.success(request, _("Saved."))
        return redirect("project-settings", slug)
    # A refused form has already changed the instance in memory: the page's frame shows what is stored.
    project = Project.objects.get(pk=membership.project.pk) if form.errors else membership.project
    context = {"project": project, "role": membership.role, "tab": "settings", "form": form}
    return render(request, "annotation/settings.html", context, status=422 if form.errors else 200)
