"""The import page: send a manifest, watch it land, read what was refused. For leads."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import membership_for
from annotation.models import Membership, Role, User
from datasets_app.csv_lines import csv_lines
from datasets_app.intake import run_import
from datasets_app.intake.forms import MAX_REQUEST_BYTES, ImportForm
from datasets_app.media import prepare
from datasets_app.media.count_media import count_media
from datasets_app.models import Import
from datasets_app.uploads import give_up, not_kept

RUNS_SHOWN = 10
REFUSED_SHOWN = 200
TO_SEND_SHOWN = 10


@csrf_exempt  # only until the sender and the size are known: the protected page reads the body
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_import(request: HttpRequest, slug: str) -> HttpResponse:
    """The page. A body that is too large is refused before it is read, and nobody but a lead may send one."""
    membership = membership_for(request.user, slug, Role.LEAD)
    too_large = _("At most 99 files and 2 GB go at once; send fewer files, or import by the command line.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_REQUEST_BYTES:
        return _page(request, membership, ImportForm(), problem=too_large, status=413)
    try:
        return _protected_import(request, membership)
    except TooManyFilesSent:
        return _page(request, membership, ImportForm(), problem=too_large, status=413)
    except OSError as error:  # no room for the body while it is read
        give_up(request)
        return _page(request, membership, ImportForm(), problem=not_kept(error), status=507)


@csrf_protect
def _protected_import(request: HttpRequest, membership: Membership) -> HttpResponse:
    if request.method != "POST":
        return _page(request, membership, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, membership, form, status=422)
    assert isinstance(request.user, User)
    try:
        run = run_import.start_import(membership.project, request.user, **form.cleaned_data)
    except OSError as error:
        return _page(request, membership, form, problem=not_kept(error), status=507)
    return redirect("project-import-run", membership.project.slug, run.public_id)


@login_required
@require_GET
def import_run(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """One import: a page of its own, of which htmx asks only the part that changes."""
    membership = membership_for(request.user, slug, Role.LEAD)
    run = get_object_or_404(Import, project=membership.project, public_id=public_id)
    template = "datasets/import_run.html" + ("#run" if request.headers.get("HX-Request") else "")
    shown = {"run": run, "media": count_media(membership.project)} | _refused(run)
    return render(request, template, _frame(membership) | shown)


def _refused(run: Import) -> dict[str, object]:
    """The first of its refused rows, and what may be done about all of them."""
    if not run.refused_count:
        return {}
    files = run.refused.to_send().order_by("named").values_list("named", flat=True).distinct()
    return {
        "refused": run.refused.all()[:REFUSED_SHOWN],
        "to_try_again": run.refused.to_try_again().count(),
        "to_send": list(files[:TO_SEND_SHOWN]),
        "more_to_send": max(files.count() - TO_SEND_SHOWN, 0),
    }


@login_required
@require_GET
def refused_rows(request: HttpRequest, slug: str, public_id: str) -> StreamingHttpResponse:
    """All refused rows of an import as CSV."""
    membership = membership_for(request.user, slug, Role.LEAD)
    run = get_object_or_404(Import, project=membership.project, public_id=public_id)
    rows = csv_lines(
        ("line", "video_or_prompt", "reason"), run.refused.values_list("line", "named", "reason").iterator()
    )
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="refused-rows.csv"'
    return response


@login_required
@require_POST
def retry_import(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Go on with an import that stopped, or try the refused rows of a finished one again."""
    membership = membership_for(request.user, slug, Role.LEAD)
    run = get_object_or_404(Import, project=membership.project, public_id=public_id)
    if not run_import.retry(run):
        run_import.retry_refused(run)
    return redirect("project-import-run", slug, run.public_id)


@login_required
@require_POST
def retry_media(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the project's failed videos three new attempts."""
    membership = membership_for(request.user, slug, Role.LEAD)
    again = prepare.retry_failed(membership.project)
    messages.success(
        request, ngettext("%d video is prepared again.", "%d videos are prepared again.", again) % again
    )
    return redirect("project-import", slug)


def _page(
    request: HttpRequest, membership: Membership, form: ImportForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    project = membership.project
    runs, media = project.imports.select_related("created_by")[:RUNS_SHOWN], count_media(project)
    context = {
        "form": form,
        "problem": problem,
        "import_root": settings.IMPORT_ROOT,
        "fetches_addresses": bool(settings.IMPORT_URLS or settings.IMPORT_URL_ALLOW),
        "runs": runs,
        "media": media,
        "stalled": media.stalled or any(run.stalled for run in runs),
    }
    return render(request, "datasets/import.html", _frame(membership) | context, status=status)


def _frame(membership: Membership) -> dict[str, object]:
    return {"project": membership.project, "role": membership.role, "tab": "videos"}
