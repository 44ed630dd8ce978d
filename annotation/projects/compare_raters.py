"""Raters against each other and against the model, from one query over a project's counted ratings."""

from dataclasses import dataclass

import numpy as np
from django.db.models import F, FilteredRelation, Q
from numpy.typing import NDArray

from annotation.models import Arm, Project, Rating
from annotation.projects.agreement import (
    STEPS,
    Estimate,
    alpha_of,
    alphas,
    pairs_within,
    score_counts,
    share_difference,
)
from annotation.scale import DIMENSION_KEYS, MIN_SCORE

Numbers = NDArray[np.int64]
N = len(DIMENSION_KEYS)


@dataclass(frozen=True)
class Table:
    """Counted ratings, sorted by video. Scores are (rows, 3); 0 stands for "nothing said" or "not shown"."""

    units: Numbers  # 0, 1, ... one number a video
    raters: Numbers  # primary keys
    scores: Numbers
    shown: Numbers
    suggested: Numbers
    blind: NDArray[np.bool_]
    here: NDArray[np.bool_]  # made in the rating room, not imported
    seconds: NDArray[np.float64]  # NaN where unknown

    @property
    def n_units(self) -> int:
        return int(self.units[-1]) + 1 if len(self.units) else 0


def load_table(project: Project) -> Table:
    """Read a project's counted ratings beside what its suggester said. One query."""
    said = FilteredRelation(
        "video__suggestions",
        condition=Q(video__suggestions__scorer_version=project.suggester_id, video__suggestions__sample=0),
    )
    rows = (
        Rating.objects.counted()
        .filter(video__project=project)
        .annotate(said=said, blind=Q(arm=Arm.BLIND), here=Q(imported=False))
        .order_by("video_id")
        .values_list(
            "video_id",
            "rater_id",
            *DIMENSION_KEYS,
            *(f"{key}_shown" for key in DIMENSION_KEYS),
            *(F(f"said__{key}") for key in DIMENSION_KEYS),
            "blind",
            "here",
            "seconds",
        )
    )
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 5 + 3 * N)
    whole = np.nan_to_num(cells[:, :-1]).astype(np.int64)
    return Table(
        units=np.unique(whole[:, 0], return_inverse=True)[1].reshape(-1),
        raters=whole[:, 1],
        scores=whole[:, 2 : 2 + N],
        shown=whole[:, 2 + N : 2 + 2 * N],
        suggested=whole[:, 2 + 2 * N : 2 + 3 * N],
        blind=whole[:, -2].astype(bool),
        here=whole[:, -1].astype(bool),
        seconds=cells[:, -1],
    )


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
class Sway:
    """Share of scores equal to the suggestion, blind and pre-filled. Shares are 0-1, None without scores."""

    blind: float | None
    blind_scores: int
    prefilled: float | None
    prefilled_scores: int
    difference: Estimate | None


def sway(table: Table, *, seed: int) -> Sway:
    """Does the model sway the raters? Pre-filled counts only where a score was really shown.

    A rating whose suggestion was late or abstained is neither, nor is an imported one.
    """
    nothing_shown = (table.shown == 0).all(axis=1)
    is_blind = (table.blind & table.here & nothing_shown)[:, None] & (table.suggested > 0)
    is_shown = (~table.blind & table.here)[:, None] & (table.shown > 0)
    blind = _hits(table, is_blind, table.suggested)
    shown = _hits(table, is_shown, table.shown)
    return Sway(
        blind=_share(blind),
        blind_scores=int(blind[:, 1].sum()),
        prefilled=_share(shown),
        prefilled_scores=int(shown[:, 1].sum()),
        difference=share_difference(blind, shown, seed=seed),
    )


def _hits(table: Table, compared: NDArray[np.bool_], model: Numbers) -> Numbers:
    """Per video: scores equal to the model's, and scores compared."""
    equal = (compared & (table.scores == model)).sum(axis=1)
    columns = [np.bincount(table.units, part, table.n_units) for part in (equal, compared.sum(axis=1))]
    return np.stack(columns, axis=1).astype(np.int64)


def _share(hits: Numbers) -> float | None:
    equal, compared = hits.sum(axis=0)
    return float(equal / compared) if compared else None


@dataclass(frozen=True)
class RaterFigures:
    """One rater beside the others of the same videos. None where nothing is shared."""

    alpha: float | None  # over the pairs of scores that this rater is part of
    bias: float | None  # mean difference from the others, in steps of the scale
    minutes: float | None  # median from opening a video to submitting


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
    seconds = table.seconds[(table.raters == pk) & ~np.isnan(table.seconds)]
    return RaterFigures(
        alpha=None if np.isnan(alpha) else float(alpha),
        bias=float((own - theirs).mean()) if own.size else None,
        minutes=float(np.median(seconds)) / 60 if len(seconds) else None,
    )
