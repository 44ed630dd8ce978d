"""One release, for its leads: what was asked and what came of it, its card, its files, and if they are whole."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST, require_safe

from annotation.access import membership_for
from annotation.guidelines.render import render_markdown
from annotation.models import Role
from annotation.review.in_hand import videos_in_hand
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.changes import steps_by_dimension, without_scores_of
from datasets_app.releases.command_line import command_line
from datasets_app.releases.export_options import Options
from datasets_app.releases.holds import built, left_out_of_all
from datasets_app.releases.option_words import in_words
from datasets_app.releases.release_manifest import MANIFEST
from datasets_app.releases.release_page import Contents, card_of, contents_of, verify_quickly
from datasets_app.releases.zip_stream import stream_zip

# An older release keeps its plots with the style of its day, so no hash of ours can name it.
PLOT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


@login_required
@require_safe
def release(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    return _page(request, _release(request, slug, number))


@login_required
@require_POST
def verify(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Compare the files with what was built; the answer is the page with what was found."""
    found = _release(request, slug, number, state=ReleaseState.DONE)
    return _page(request, found, verified=verify_quickly(found))


@login_required
@require_safe
def row(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One row of the list; it asks for itself again until it is done or failed."""
    found = _release(request, slug, number)
    return render(request, "datasets/release_row.html", {"project": found.project, "release": found})


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
@require_safe
@cache_control(private=True, max_age=3600)
def plot(request: HttpRequest, slug: str, number: int, name: str) -> FileResponse:
    """A picture of the card. It is one of ours, and still runs nothing and loads nothing when opened by itself."""
    contents = contents_of(_release(request, slug, number, state=ReleaseState.DONE))
    path = contents.plots.get(name) if contents else None
    if path is None or not path.is_file():
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/svg+xml")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = PLOT_POLICY
    return response


def _release(request: HttpRequest, slug: str, number: int, **which: Any) -> Release:
    project = membership_for(request.user, slug, Role.LEAD).project
    known = Release.objects.standing().select_related("project", "created_by")
    return get_object_or_404(known, project=project, number=number, **which)


def _changes(request: HttpRequest, found: Release) -> dict[str, Any] | None:
    """What the release changed; what this lead is rating is not told."""
    changes: dict[str, Any] | None = found.counts.get("changes")
    member = membership_for(request.user, found.project.slug, Role.LEAD)
    rating = found.project.videos.filter(pk__in=videos_in_hand(member)).values_list("name", flat=True)
    return without_scores_of(set(rating), changes) if changes else None


def _page(request: HttpRequest, found: Release, **more: Any) -> HttpResponse:
    options = Options(**found.settings)
    counts = found.counts
    context: dict[str, Any] = {
        "project": found.project,
        "role": Role.LEAD,
        "tab": "releases",
        "release": found,
        "asked": in_words(options),
        "command": command_line(found.project, options),
    }
    if found.state == ReleaseState.DONE:
        contents, changes = contents_of(found), _changes(request, found)
        context |= {
            "changes": changes,
            "steps": steps_by_dimension(changes or {}),
            "formats": built(options, counts),
            "left_out": left_out_of_all(counts),
            "contents": contents,
            "card": render_markdown(card_of(found), _plot_address(found, contents)),
        }
    return render(request, "datasets/release.html", context | more)


def _plot_address(found: Release, contents: Contents | None) -> Callable[[str], str]:
    """Where a picture of the card is sent from; only those that the manifest lists have an address."""
    plots = contents.plots if contents else {}

    def address(source: str) -> str:
        name = source.rpartition("/")[2]
        return reverse("release-plot", args=[found.project.slug, found.number, name]) if name in plots else ""

    return address
