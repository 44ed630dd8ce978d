"""How good each scorer version of a project is, on videos that it did not see in training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.models import Project, ScorerVersion
from annotation.scale import DIMENSION_KEYS
from scoring.evaluation.bootstrap import MIN_PROMPTS, resample
from scoring.evaluation.compared import Compared, Floats, Ints
from scoring.evaluation.keep import loaded
from scoring.evaluation.learned import among, seen_by_each, without
from scoring.evaluation.load import Loaded, side_by_side
from scoring.evaluation.metrics import point
from scoring.evaluation.truth import UNBIASED

NAMES = ("accuracy", "within_one", "plcc")
REPEATS = 400


@dataclass(frozen=True)
class Gap:
    """By how much a version's accuracy (0-1) is above the suggester's, over the videos that both answered."""

    value: float
    low: float | None  # 95 % interval over prompts; None with too few
    high: float | None
    videos: int
    dimensions: int  # that both answer: the suggester may judge fewer than the version beside it


@dataclass(frozen=True)
class Standing:
    """A version's figures, each the mean over the dimensions that it answers; None where not defined.

    `videos` were evaluated; `seen` are in its training data, and are among them unless they were left out.
    """

    accuracy: float | None
    within_one: float | None
    plcc: float | None
    dimensions: int
    videos: int
    seen: int
    gap: Gap | None  # None for the suggester itself, and without one


def compare(
    project: Project, versions: Sequence[ScorerVersion], suggester: ScorerVersion | None, *, held_out: bool
) -> dict[int, Standing]:
    """By version. With `held_out`, videos seen in training are left out: of the suggester, too, beside another."""
    loading = list(dict.fromkeys([*versions, *([suggester] if suggester else [])]))
    found = dict(zip(loading, loaded(project, loading, UNBIASED), strict=True))
    seen = dict(zip(loading, seen_by_each(project, loading), strict=True))
    standings = {}
    for version in versions:
        gap = None
        if suggester is not None and suggester != version:
            gone = [seen[version], seen[suggester]] if held_out else []
            gap = _gap(without(found[suggester], gone), without(found[version], gone), project.seed)
        standings[version.pk] = _standing(found[version], seen[version], held_out, gap)
    return standings


def _standing(mine: Loaded, seen: Ints, held_out: bool, gap: Gap | None) -> Standing:
    evaluated = without(mine, [seen]) if held_out else mine
    figures = point(evaluated.rows)
    answered = [key for key in DIMENSION_KEYS if figures[key]["accuracy"] is not None]
    means = {name: _mean([figures[key][name] for key in answered]) for name in NAMES}
    videos = len(evaluated.videos)
    return Standing(**means, dimensions=len(answered), videos=videos, seen=among(mine, seen), gap=gap)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _gap(suggester: Loaded, mine: Loaded, seed: int) -> Gap | None:
    theirs, ours = side_by_side(suggester, mine)
    if not len(ours.videos):
        return None
    sums, counts = _by_prompt(theirs.rows, ours.rows)
    value = _over_dimensions(sums.sum(axis=0)[None], counts.sum(axis=0)[None])[0]
    n = ours.rows.n_prompts
    dimensions = int((counts.sum(axis=0) > 0).sum())
    if n < MIN_PROMPTS:
        return Gap(float(value), None, None, len(ours.videos), dimensions)
    drawn = [_over_dimensions(w @ sums, w @ counts) for w in resample(n, repeats=REPEATS, seed=seed)]
    low, high = np.nanpercentile(np.concatenate(drawn), [2.5, 97.5])
    return Gap(float(value), float(low), float(high), len(ours.videos), dimensions)


def _by_prompt(theirs: Compared, ours: Compared) -> tuple[Floats, Floats]:
    """(prompts, 3) each: how many more scores of ours are exactly right, and how many there are."""
    both = ours.answered & theirs.answered
    more = ((ours.hard == ours.human).astype(float) - (theirs.hard == theirs.human)) * both
    columns = [np.bincount(ours.prompts, of[:, d], ours.n_prompts) for of in (more, both) for d in range(3)]
    return np.stack(columns[:3], axis=1), np.stack(columns[3:], axis=1)


def _over_dimensions(sums: Floats, counts: Floats) -> Floats:
    """The mean over the dimensions that have any score."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nanmean(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), axis=1))
