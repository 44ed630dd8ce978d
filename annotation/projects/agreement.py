"""How far raters agree: Krippendorff's alpha (ordinal), exact and within-one agreement. Pure numpy, no tables.

Alpha follows Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011); intervals are percentile
bootstraps over videos, seeded, so that the same ratings give the same figures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.scale import MAX_SCORE, MIN_SCORE

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

STEPS = MAX_SCORE - MIN_SCORE + 1
REPEATS = 400
# Fewer shared videos give an interval that means nothing.
MIN_UNITS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of videos (or scores) behind it."""

    value: float
    low: float
    high: float
    n: int


def score_counts(units: NDArray[np.int64], scores: NDArray[np.int64], n_units: int) -> Counts:
    """How often each unit got each score: (n_units, 5) from parallel arrays of unit index and score 1-5."""
    flat = np.bincount(units * STEPS + scores - MIN_SCORE, minlength=n_units * STEPS)
    return flat.reshape(n_units, STEPS).astype(np.int64)


def coincidences(counts: Counts) -> Floats:
    """Each unit's own coincidence matrix, flattened: (units, 25). Units with fewer than two scores give zeros."""
    m = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - np.eye(STEPS, dtype=np.int64) * counts[:, :, None]
    weights = np.where(m > 1, 1.0 / np.maximum(m - 1, 1), 0.0)
    return np.asarray((pairs * weights[:, None, None]).reshape(len(counts), STEPS * STEPS), dtype=np.float64)


def alpha_of(matrices: Floats) -> Floats:
    """Ordinal alpha of each summed coincidence matrix in (..., 25); NaN where all scores are the same."""
    o = matrices.reshape(*matrices.shape[:-1], STEPS, STEPS)
    n_c = o.sum(axis=-1)
    n = n_c.sum(axis=-1)
    # The ordinal difference of two steps is the distance of their mid-ranks.
    ranks = np.cumsum(n_c, axis=-1) - n_c / 2
    distance = (ranks[..., :, None] - ranks[..., None, :]) ** 2
    observed = (o * distance).sum(axis=(-2, -1)) * (n - 1)
    expected = (n_c[..., :, None] * n_c[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def ordinal_alpha(counts: Counts) -> float:
    """Krippendorff's ordinal alpha of (units, 5) score counts; NaN when there is nothing to tell apart."""
    return float(alpha_of(coincidences(counts).sum(axis=0)))


def alphas(dimensions: list[Counts], *, seed: int) -> tuple[Estimate | None, list[Estimate | None]]:
    """The mean alpha of several dimensions and each one's own, with intervals.

    Every array is (units, 5) over the same units. None where fewer than `MIN_UNITS` units are shared by two
    raters, or where every score is the same.
    """
    shared = dimensions[0].sum(axis=1) > 1
    n = int(shared.sum())
    if n < MIN_UNITS:
        return None, [None] * len(dimensions)
    kinds = [np.unique(counts[shared], axis=0, return_inverse=True) for counts in dimensions]
    points = [ordinal_alpha(counts[shared]) for counts in dimensions]
    tallies = zip(kinds, _resample(kinds, seed), strict=True)
    drawn = np.stack([alpha_of(tally @ coincidences(kind)) for (kind, _), tally in tallies])
    each = [_estimate(point, row, n) for point, row in zip(points, drawn, strict=True)]
    if any(estimate is None for estimate in each):
        return None, each
    return _estimate(float(np.mean(points)), drawn.mean(axis=0), n), each


def _resample(kinds: list[tuple[Counts, NDArray[np.intp]]], seed: int) -> list[Floats]:
    """Per dimension, how often each kind of unit was drawn: (REPEATS, kinds). One draw serves all dimensions."""
    rng = np.random.default_rng(seed)
    tallies = [np.zeros((REPEATS, len(kind))) for kind, _ in kinds]
    n = len(kinds[0][1])
    for repeat in range(REPEATS):
        chosen = rng.integers(n, size=n)
        for tally, (kind, inverse) in zip(tallies, kinds, strict=True):
            tally[repeat] = np.bincount(inverse.reshape(-1)[chosen], minlength=len(kind))
    return tallies


def _estimate(value: float, drawn: Floats, n: int) -> Estimate | None:
    if np.isnan(value) or np.isnan(drawn).all():
        return None
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(value, float(low), float(high), n)


def share_difference(blind: Counts, shown: Counts, *, seed: int) -> Estimate | None:
    """How much larger `shown`'s share of hits is than `blind`'s, with an interval over units.

    Both are (units, 2) arrays of (hits, scores) for the same units; None while either has too few scores.
    """
    if blind[:, 1].sum() < MIN_UNITS or shown[:, 1].sum() < MIN_UNITS:
        return None
    rows, tally = np.unique(np.hstack([blind, shown]), axis=0, return_counts=True)
    n = int(tally.sum())
    drawn = np.random.default_rng(seed).multinomial(n, tally / n, size=REPEATS) @ rows
    total = tally @ rows
    return _estimate(float(_gap(total)), _gap(drawn), n)


def _gap(totals: NDArray[np.int64]) -> Floats:
    hits, scores = totals[..., [0, 2]], totals[..., [1, 3]]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(scores > 0, hits / scores, np.nan)
    return np.asarray(shares[..., 1] - shares[..., 0])


def pairs_within(units: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every two positions that share a unit, once each. `units` must be sorted."""
    left: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    right: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    shift = 1
    while shift < len(units):
        same = np.flatnonzero(units[shift:] == units[:-shift])
        if not len(same):
            break
        left.append(same)
        right.append(same + shift)
        shift += 1
    return np.concatenate(left), np.concatenate(right)
