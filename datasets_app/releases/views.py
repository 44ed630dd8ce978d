"""The releases page of a project, for its leads: build, watch, download; bring annotations in."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from annotation.access import membership_for
from annotation.doorbell import ring
from annotation.models import Membership, Role, User
from datasets_app.models import Release, ReleaseState
from datasets_app.opinions.import_annotations import import_annotations
from datasets_app.opinions.import_rater import NoSuchRater, find_rater
from datasets_app.opinions.read_annotations import UnreadableFileError, read_annotations
from datasets_app.releases.build_release import ask_for_release
from datasets_app.releases.count_releasable import count_releasable
from datasets_app.releases.forms import AnnotationsForm, ReleaseForm
from datasets_app.releases.release_manifest import MANIFEST
from datasets_app.releases.zip_stream import stream_zip
from datasets_app.tasks import build_release_task

SHOWN_REFUSALS = 100


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug, Role.LEAD)
    if request.method != "POST":
        return _page(request, membership)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return _page(request, membership, form=form, status=422)
    with transaction.atomic():
        asked_by = request.user if isinstance(request.user, User) else None
        release, new = ask_for_release(membership.project, form.options, asked_by)
        ring(build_release_task, release.pk)
    if not new:
        messages.info(request, _("Release %d is being built just so already.") % release.number)
    return redirect("project-releases", slug)


@login_required
@require_safe
def release(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One row of the list; it asks for itself again until it is done or failed."""
    found = _release(request, slug, number)
    return render(request, "datasets/releases.html#release", {"project": found.project, "release": found})


@login_required
@require_GET
def download(request: HttpRequest, slug: str, number: int) -> StreamingHttpResponse:
    """The release's folder as a zip file, made while it is sent."""
    found = _release(request, slug, number, state=ReleaseState.DONE)
    if not found.folder.is_dir():
        raise Http404
    name = f"{slug}-release-{number}"
    response = StreamingHttpResponse(stream_zip(found.folder, name), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


@login_required
@require_safe
def manifest(request: HttpRequest, slug: str, number: int) -> FileResponse:
    """What is in the release: its options, counts and the sha256 of every file."""
    path = _release(request, slug, number, state=ReleaseState.DONE).folder / MANIFEST
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="application/json")


@login_required
@require_POST
def annotations(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring annotations in from an uploaded file; what is refused is listed, the rest lands."""
    membership = membership_for(request.user, slug, Role.LEAD)
    form = AnnotationsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, membership, annotations_form=form, status=422)
    try:
        rows = read_annotations(form.cleaned_data["file"])
        rater = find_rater(membership.project, form.cleaned_data["rater"])
        outcome = import_annotations(membership.project, rows, rater=rater)
    except NoSuchRater as error:
        form.add_error("rater", str(error))
    except UnreadableFileError as error:
        form.add_error("file", str(error))
    else:
        status = 422 if outcome.refused else 200
        shown = outcome.refused[:SHOWN_REFUSALS]
        return _page(request, membership, status=status, outcome=outcome, refused=shown)
    return _page(request, membership, annotations_form=form, status=422)


def _release(request: HttpRequest, slug: str, number: int, **which: Any) -> Release:
    project = membership_for(request.user, slug, Role.LEAD).project
    return get_object_or_404(Release.objects.select_related("project"), project=project, number=number, **which)


def _page(
    request: HttpRequest,
    membership: Membership,
    *,
    form: ReleaseForm | None = None,
    annotations_form: AnnotationsForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "project": membership.project,
        "role": membership.role,
        "tab": "releases",
        "form": form or ReleaseForm(),
        "annotations_form": annotations_form or AnnotationsForm(auto_id="annotations_%s"),
        "releasable": count_releasable(membership.project),
        "releases": Release.objects.filter(project=membership.project).select_related("created_by"),
    }
    return render(request, "datasets/releases.html", context | more, status=status)
