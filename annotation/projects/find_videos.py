"""The videos of a project that a question names. The overview counts them; the list shows the same ones."""

import datetime
from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db.models import F, FilteredRelation, Max, Min, Q
from django.db.models.functions import Abs, Coalesce, Greatest
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, Rating, ReviewCase, Skip, Video
from annotation.models.review import MODEL_DIFFERS, RATERS_DIFFER
from annotation.models.video import MediaState, VideoQuerySet
from annotation.scale import DIMENSION_KEYS

# A file that waits longer for the media worker than this needs a look.
SLOW_MEDIA = datetime.timedelta(minutes=10)

# What keeps a video from its verdict, or makes one doubtful; worst first.
STUCK = {
    "failed": _("File could not be prepared"),
    "slow": _("Long wait for the media worker: is one running?"),
    "missing": _("Imported record without its file"),
    "review": _("Waits for a reviewer"),
    "skipped": _("Skipped by a rater"),
}
SHOW = {
    "settled": _("Settled"),
    "open": _("Not settled yet"),
    "rated": _("Rated"),
    "unrated": _("Not rated"),
    "raters-differ": format_lazy(_("Raters differ by {n} or more"), n=RATERS_DIFFER),
    "model-differs": format_lazy(_("Rater and model differ by {n} or more"), n=MODEL_DIFFERS),
    "flagged": _("Flagged by a rater"),
    "stuck": _("Anything to look at"),
    **STUCK,
}


def find(
    project: Project, *, text: str = "", state: str = "", t2v_model: int | None = None, show: str = ""
) -> VideoQuerySet:
    """A project's videos by words of name or prompt, media state, T2V model and a key of `SHOW`, in name order."""
    videos = Video.objects.filter(project=project).order_by("name", "pk")
    if text:
        videos = videos.filter(Q(name__icontains=text) | Q(prompt__text__icontains=text))
    if state:
        videos = videos.filter(media_state=MediaState(state))
    if t2v_model:
        videos = videos.filter(t2v_model=t2v_model)
    return videos.filter(_condition(project, show)) if show else videos


def _condition(project: Project, show: str) -> Q:
    if show == "stuck":
        return reduce(or_, (_condition(project, key) for key in STUCK))
    live = Rating.objects.live().filter(video__project=project)
    conditions: dict[str, Callable[[], Q]] = {
        "settled": lambda: Q(verdict__isnull=False, guideline_example=None),
        "open": lambda: Q(verdict__isnull=True, guideline_example=None),
        "rated": lambda: Q(pk__in=live.values("video")),
        "unrated": lambda: ~Q(pk__in=live.values("video")),
        "failed": lambda: Q(media_state=MediaState.FAILED),
        "slow": lambda: Q(media_state=MediaState.WAITING, created_at__lt=timezone.now() - SLOW_MEDIA),
        "missing": lambda: Q(media_state=MediaState.MISSING),
        "flagged": lambda: Q(pk__in=live.filter(flagged=True).values("video")),
        "review": lambda: Q(pk__in=ReviewCase.objects.open().filter(video__project=project).values("video")),
        "skipped": lambda: Q(pk__in=Skip.objects.filter(video__project=project).values("video")),
        "raters-differ": lambda: _raters_differ(project),
        "model-differs": lambda: _model_differs(project),
    }
    return conditions[show]()


def _raters_differ(project: Project) -> Q:
    spreads = [Max(key) - Min(key) for key in DIMENSION_KEYS]
    counted = Rating.objects.counted().filter(video__project=project).order_by().values("video")
    return Q(pk__in=counted.annotate(spread=Greatest(*spreads)).filter(spread__gte=RATERS_DIFFER).values("video"))


def _model_differs(project: Project) -> Q:
    said = FilteredRelation(
        "video__suggestions",
        condition=Q(video__suggestions__scorer_version=project.suggester_id, video__suggestions__sample=0),
    )
    gaps = [Coalesce(Abs(F(key) - F(f"said__{key}")), 0) for key in DIMENSION_KEYS]
    counted = Rating.objects.counted().filter(video__project=project).annotate(said=said)
    return Q(pk__in=counted.annotate(gap=Greatest(*gaps)).filter(gap__gte=MODEL_DIFFERS).values("video"))
