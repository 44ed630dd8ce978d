"""The audit log: a project's for its leads, the whole installation's for superusers; on pages and as CSV."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from annotation.access import membership_for
from annotation.models import Project, Role
from annotation.second_factor import demand_second_factor
from datasets_app.audit.find import AuditForm, find
from datasets_app.audit.words import HEADER, lines, table_rows
from datasets_app.csv_lines import csv_lines

PAGE = 50
CHUNK = 1_000  # rows in memory at once


@login_required
@require_safe
def of_project(request: HttpRequest, slug: str) -> HttpResponse:
    lead = membership_for(request.user, slug, Role.LEAD)
    more = {"project": lead.project, "role": lead.role, "tab": "members"}
    return render(request, "datasets/audit_project.html", _context(request, lead.project) | more)


@login_required
@require_GET
def of_project_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    return _csv(request, membership_for(request.user, slug, Role.LEAD).project, f"{slug}-audit.csv")


@login_required
@require_safe
def of_all(request: HttpRequest) -> HttpResponse:
    _only_superusers(request)
    return render(request, "datasets/audit_all.html", _context(request, None))


@login_required
@require_GET
def of_all_csv(request: HttpRequest) -> StreamingHttpResponse:
    _only_superusers(request)
    return _csv(request, None, "audit.csv")


def _only_superusers(request: HttpRequest) -> None:
    if not request.user.is_superuser:
        raise Http404
    demand_second_factor(request.user)


def _context(request: HttpRequest, project: Project | None) -> dict[str, Any]:
    form = AuditForm(request.GET, project=project)
    wanted = form.wanted()
    page = Paginator(find(project, **wanted), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {"form": form, "filtered": bool(wanted), "page": page, "lines": lines(page), "query": query.urlencode()}


def _csv(request: HttpRequest, project: Project | None, name: str) -> StreamingHttpResponse:
    entries = find(project, **AuditForm(request.GET, project=project).wanted()).iterator(CHUNK)
    answer = StreamingHttpResponse(csv_lines(HEADER, table_rows(entries)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
