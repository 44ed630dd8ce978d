"""Downloads of the best-of-N page: a scorer's picks, and preference pairs by its scores. For leads."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from annotation.access import membership_for
from annotation.models import Project, Role
from datasets_app.picks.lines import CSV, JSONL, KINDS, pair_lines, pick_lines
from scoring.best_of.forms import BestOfForm, Wish
from scoring.best_of.picks import picks

MARGIN, MOST = 1.0, 4.0


@login_required
@require_GET
def picks_file(request: HttpRequest, slug: str, kind: str) -> StreamingHttpResponse:
    """Every prompt's pick by the scorer and weights of the address; words and filters of the page do not count."""
    project, wish = _asked(request, slug)
    if kind not in (CSV, JSONL) or wish.version is None:
        raise Http404
    lines = pick_lines(project, picks(project, wish.version, wish.weights), kind)
    return _attached(lines, f"{slug}-picks.{kind}", KINDS[kind])


@login_required
@require_GET
def pairs_file(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Pairs of one prompt's videos whose scores by this scorer are at least `margin` apart."""
    project, wish = _asked(request, slug)
    if wish.version is None:
        raise Http404
    found = picks(project, wish.version, wish.weights)
    lines = pair_lines(project, wish.version, found, _margin(request.GET.get("margin", "")))
    return _attached(lines, f"{slug}-model-pairs.jsonl", KINDS[JSONL])


def _asked(request: HttpRequest, slug: str) -> tuple[Project, Wish]:
    project = membership_for(request.user, slug, Role.LEAD).project
    return project, BestOfForm(request.GET, project=project).wanted()


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        return MARGIN
    return margin if 0 <= margin <= MOST else MARGIN


def _attached(lines: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
