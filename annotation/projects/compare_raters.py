"""Raters against each other and against the model, from one query over a project's counted ratings."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Case, F, FilteredRelation, Q, When
from numpy.typing import NDArray

from annotation.models import Arm, Project, Rating, Stage
from annotation.projects.agreement import (
    STEPS,
    Estimate,
    alpha_of,
    alphas,
    pairs_within,
    score_counts,
)
from annotation.scale import DIMENSION_KEYS, MIN_SCORE

Numbers = NDArray[np.int64]
N = len(DIMENSION_KEYS)


@dataclass(frozen=True)
class Table:
    """Counted ratings, sorted by video. Scores are (rows, 3); 0 stands for "nothing said" or "not shown".

    `own` are the scores that a rater gave in the rating room before they saw anything of the model: all of a
    blind rating, the first version of one in the arm `reveal`.
    """

    units: Numbers  # 0, 1, ... one number a video
    raters: Numbers  # primary keys
    scores: Numbers
    shown: Numbers
    suggested: Numbers
    own: Numbers
    blind: NDArray[np.bool_]
    prefilled: NDArray[np.bool_]  # by the draw, in the rating room
    seconds: NDArray[np.float64]  # of first versions; NaN where unknown

    @property
    def n_units(self) -> int:
        return int(self.units[-1]) + 1 if len(self.units) else 0

    @property
    def unswayed(self) -> NDArray[np.bool_]:
        """(rows, 3): where a score given on its own stands beside one of the suggester."""
        return (self.own > 0) & (self.suggested > 0)


def load_table(project: Project) -> Table:
    """Read a project's counted ratings beside what its suggester said. One query."""
    said = FilteredRelation(
        "video__suggestions",
        condition=Q(video__suggestions__scorer_version=project.suggester_id, video__suggestions__sample=0),
    )
    rows = (
        Rating.objects.counted_or_before_reveal()
        .filter(video__project=project)
        .annotate(
            said=said,
            is_blind=Q(arm=Arm.BLIND, imported=False),
            is_prefilled=Q(arm=Arm.PREFILL, imported=False),
            before_reveal=Q(arm=Arm.REVEAL, stage=Stage.FIRST, imported=False),
            worked=Case(When(stage=Stage.FIRST, then="seconds")),  # a later version is no whole rating
        )
        .order_by("video_id")
        .values_list(
            "video_id",
            "rater_id",
            *DIMENSION_KEYS,
            *(f"{key}_shown" for key in DIMENSION_KEYS),
            *(F(f"said__{key}") for key in DIMENSION_KEYS),
            "is_blind",
            "is_prefilled",
            "before_reveal",
            "live",
            "worked",
        )
    )
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 7 + 3 * N)
    whole = np.nan_to_num(cells[:, :-1]).astype(np.int64)
    live = whole[:, -1].astype(bool)
    own = _own_scores(whole)[live]
    whole, cells = whole[live], cells[live]
    return Table(
        units=np.unique(whole[:, 0], return_inverse=True)[1].reshape(-1),
        raters=whole[:, 1],
        scores=whole[:, _SCORES],
        shown=whole[:, _SHOWN],
        suggested=whole[:, 2 + 2 * N : 2 + 3 * N],
        own=own,
        blind=whole[:, _BLIND].astype(bool),
        prefilled=whole[:, _BLIND + 1].astype(bool),
        seconds=cells[:, -1],
    )


_SCORES, _SHOWN, _BLIND = slice(2, 2 + N), slice(2 + N, 2 + 2 * N), 2 + 3 * N


def _own_scores(whole: Numbers) -> Numbers:
    """(rows, 3): what the rater of each row scored before they saw anything of the model, else 0."""
    own = np.zeros_like(whole[:, _SCORES])
    blind = (whole[:, _BLIND] > 0) & (whole[:, _SHOWN] == 0).all(axis=1)
    own[blind] = whole[blind, _SCORES]
    before = whole[whole[:, _BLIND + 2] > 0]
    said = {(video, rater): scores for (video, rater), scores in zip(before[:, :2].tolist(), before, strict=True)}
    for place, pair in enumerate(map(tuple, whole[:, :2].tolist())):
        if pair in said:
            own[place] = said[pair][_SCORES]
    return own


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's ordinal alpha over the three dimensions, and exact and within-one shares of rater pairs."""

    mean: Estimate | None
    by_dimension: list[Estimate | None]
    shared_videos: int
    exact: float | None  # share of pairs of scores, 0-1
    within_one: float | None


def agreement(table: Table, *, seed: int) -> Agreement:
    """How far the raters of the same videos agree."""
    counts = [score_counts(table.units, table.scores[:, d], table.n_units) for d in range(N)]
    mean, by_dimension = alphas(counts, seed=seed)
    left, right = pairs_within(table.units)
    gaps = np.abs(table.scores[left] - table.scores[right])
    return Agreement(
        mean=mean,
        by_dimension=by_dimension,
        shared_videos=int((counts[0].sum(axis=1) > 1).sum()),
        exact=float((gaps == 0).mean()) if gaps.size else None,
        within_one=float((gaps <= 1).mean()) if gaps.size else None,
    )


@dataclass(frozen=True)
class RaterFigures:
    """One rater beside the others of the same videos, and beside the model. None where nothing is shared."""

    alpha: float | None  # over the pairs of scores that this rater is part of
    bias: float | None  # mean difference from the others, in steps of the scale
    minutes: float | None  # median from opening a video to submitting
    same_unswayed: float | None  # share of scores equal to the model's, given without having seen it
    same_prefilled: float | None  # and given on top of it


def by_rater(table: Table) -> dict[int, RaterFigures]:
    """Each rater's figures, by the rater's primary key."""
    left, right = pairs_within(table.units)
    ones, others = np.concatenate([left, right]), np.concatenate([right, left])
    return {int(pk): _figures(table, int(pk), ones, others) for pk in np.unique(table.raters)}


def _figures(table: Table, pk: int, ones: NDArray[np.intp], others: NDArray[np.intp]) -> RaterFigures:
    mine = table.raters[ones] == pk
    own, theirs = table.scores[ones[mine]], table.scores[others[mine]]
    cells = (own - MIN_SCORE) * STEPS + theirs - MIN_SCORE
    tallies = [np.bincount(cells[:, d], minlength=STEPS * STEPS).reshape(STEPS, STEPS) for d in range(N)]
    alpha = alpha_of(np.stack([(tally + tally.T).reshape(-1) for tally in tallies]).astype(np.float64)).mean()
    rows = table.raters == pk
    seconds = table.seconds[rows & ~np.isnan(table.seconds)]
    prefilled = (rows & table.prefilled)[:, None] & (table.shown > 0)
    return RaterFigures(
        alpha=None if np.isnan(alpha) else float(alpha),
        bias=float((own - theirs).mean()) if own.size else None,
        minutes=float(np.median(seconds)) / 60 if len(seconds) else None,
        same_unswayed=_share((table.own == table.suggested)[table.unswayed & rows[:, None]]),
        same_prefilled=_share((table.scores == table.shown)[prefilled]),
    )


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if hits.size else None
