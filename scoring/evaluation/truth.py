"""What people say about each video: one human score a dimension, and what it rests on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from annotation.models import Arm, Project, Rating, Stage
from annotation.scale import DIMENSION_KEYS
from scoring.evaluation.compared import Ints, Mask

UNBIASED, ALL = "unbiased", "all"
RATINGS = {
    UNBIASED: _("Raters who had not seen the model"),
    ALL: _("All counted ratings, also of raters who saw the model"),
}
# What a rating was made of, as `kind` below.
BLIND, BEFORE_REVEAL, IMPORTED, SWAYED = 1, 2, 3, 0


@dataclass(frozen=True)
class Truth:
    """One row a video, in order of primary keys. `human` is (videos, 3), 1-5.

    The score is the lower median of a video's ratings, the same integer that a verdict has: what scorers are
    trained on and what VideoFeedback2's accuracy compares. `rests_on` counts ratings by their kind, `left_out`
    videos by reason.
    """

    videos: Ints
    human: Ints
    rests_on: dict[str, int]
    left_out: dict[str, int]


def truth(project: Project, ratings: str) -> Truth:
    """From a project's counted main ratings; with `UNBIASED` only from scores given before seeing the model.

    Those are ratings of the arm `blind` that nothing was shown to, imported ones among them, and first versions
    in the arm `reveal`. Two queries.
    """
    cells = _read(project, ratings)
    unbiased = cells[:, 1] > SWAYED
    used = cells[unbiased] if ratings == UNBIASED else cells
    videos, human = _lower_medians(used[:, 0], used[:, 2:])
    rated = len(np.unique(cells[:, 0]))
    total = project.videos.count()
    kinds = np.bincount(used[:, 1], minlength=4)
    return Truth(
        videos=videos,
        human=human,
        rests_on={
            "blind": int(kinds[BLIND]),
            "before_reveal": int(kinds[BEFORE_REVEAL]),
            "imported": int(kinds[IMPORTED]),
            "swayed": int(kinds[SWAYED]),
        },
        left_out={"unrated": total - rated, "swayed_only": rated - len(videos)},
    )


def _read(project: Project, ratings: str) -> Ints:
    """(ratings, 5): the video, the kind, three scores."""
    rows = by_kind(project, ratings).values_list("video_id", "kind", *DIMENSION_KEYS)
    return as_array(rows, 2 + len(DIMENSION_KEYS))


def by_kind(project: Project, ratings: str) -> QuerySet[Any]:
    """Ratings with their `kind`. Of a revealed one both versions, or with `ALL` the live one."""
    blind = Q(arm=Arm.BLIND, shown_at=None, live=True, **{f"{key}_shown": None for key in DIMENSION_KEYS})
    first = Q(arm=Arm.REVEAL, stage=Stage.FIRST, imported=False)
    kind: Any = Case(
        When(blind & Q(imported=True), then=Value(IMPORTED)),
        When(blind, then=Value(BLIND)),
        When(first, then=Value(BEFORE_REVEAL)),
        default=Value(SWAYED),
        output_field=IntegerField(),
    )
    found = Rating.objects.counted() if ratings == ALL else Rating.objects.counted_or_before_reveal()
    return found.filter(video__project=project).order_by().annotate(kind=kind)


def as_array(rows: Any, columns: int) -> Ints:
    """(rows, columns) from a query without nulls."""
    return np.array(list(rows), dtype=np.int64).reshape(-1, columns)


def _lower_medians(videos: Ints, scores: Ints) -> tuple[Ints, Ints]:
    """Each video once, in order, and the lower median of its scores by dimension."""
    unique, place, counts = np.unique(videos, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts + (counts - 1) // 2
    columns = [scores[np.lexsort((scores[:, d], place)), d][middle] for d in range(scores.shape[1])]
    return unique, np.stack(columns, axis=1) if len(unique) else np.empty((0, scores.shape[1]), np.int64)


def in_order(videos: Ints, wanted: Ints) -> tuple[Ints, Mask]:
    """Where each of `wanted` stands in the sorted `videos`, and whether it is there."""
    if not len(videos):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    place = np.minimum(np.searchsorted(videos, wanted), len(videos) - 1)
    return place, videos[place] == wanted
