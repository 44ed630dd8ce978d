"""The videos of one prompt in the order that a scorer gives them. Plain arrays, no tables.

A scorer's score of a video is the weighted mean of its expected scores (the hard score where it gave no
probabilities); equal ones are ordered by the weighted mean of its confidences, then as they came in. Which
dimensions are compared is decided once for all prompts, so that no video gains by an abstention: see `compared`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.scale import DIMENSION_KEYS

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
N = len(DIMENSION_KEYS)
EQUAL = np.ones(N) / N
DECIMALS = 9  # beyond them sums of floats differ by themselves


@dataclass(frozen=True)
class Candidates:
    """What a scorer said about videos, those of one prompt side by side, in a stable order.

    `prompts` and `videos` hold primary keys, (n,). `expected` and `confidence` are (n, 3) in the order of the
    scale; NaN where the scorer abstained, or gave a score without probabilities (`confidence` alone).
    """

    prompts: Numbers
    videos: Numbers
    expected: Floats
    confidence: Floats


@dataclass(frozen=True)
class Ranking:
    """Ranked videos, prompt after prompt as they came, best first within one.

    `rows` are positions in the candidates, `places` count from 1 within a prompt, `starts` are the positions in
    `rows` where a prompt begins. `score` and `confidence` belong to `rows`; confidence is 0 where there is none.
    """

    rows: Numbers
    places: Numbers
    starts: Numbers
    score: Floats
    confidence: Floats

    @property
    def sizes(self) -> Numbers:
        """How many videos of each prompt are ranked."""
        return np.diff(np.append(self.starts, len(self.rows)))

    @property
    def groups(self) -> Numbers:
        """0, 1, ... for each of `rows`: the number of its prompt."""
        return np.repeat(np.arange(len(self.starts)), self.sizes)


def compared(candidates: Candidates, weights: Floats) -> Mask:
    """(3,): the dimensions that count: those of weight above 0 that the scorer answers at all."""
    return np.asarray((weights > 0) & ~np.isnan(candidates.expected).all(axis=0))


def rank(candidates: Candidates, weights: Floats = EQUAL) -> Ranking:
    """Rank within each prompt. A video without a score in a dimension that is compared is in no ranking."""
    which = compared(candidates, weights)
    whole = ~np.isnan(candidates.expected[:, which]).any(axis=1) & which.any()
    rows = np.flatnonzero(whole)
    score = weighted(candidates.expected[rows], np.where(which, weights, 0.0))
    confidence = weighted(np.nan_to_num(candidates.confidence[rows]), np.where(which, weights, 0.0))
    groups = _in_order_of_appearance(candidates.prompts)[rows]
    order = np.lexsort((rows, -confidence, -score, groups))
    starts = starts_of(groups[order])
    sizes = np.diff(np.append(starts, len(rows)))
    places = np.arange(len(rows)) - np.repeat(starts, sizes) + 1
    return Ranking(rows[order], places, starts, score[order], confidence[order])


def weighted(scores: Floats, weights: Floats) -> Floats:
    """The weighted mean of each row of (n, 3); NaN where one that has a weight is missing."""
    used = weights > 0
    if not used.any():
        return np.full(len(scores), np.nan)
    return np.asarray((scores[:, used] @ weights[used] / weights[used].sum()).round(DECIMALS))


def starts_of(groups: Numbers) -> Numbers:
    """Where each stretch of equal numbers begins."""
    return np.flatnonzero(np.append(True, groups[1:] != groups[:-1])) if len(groups) else np.empty(0, np.int64)


def _in_order_of_appearance(keys: Numbers) -> Numbers:
    """Numbers 0, 1, ... for equal keys, in the order in which the keys first appear."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    places = np.empty(len(first), np.int64)
    places[np.argsort(first)] = np.arange(len(first))
    return places[inverse.reshape(-1)]
