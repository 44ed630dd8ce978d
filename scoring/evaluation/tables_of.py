"""What stands behind the figures: how many there are, confusion and reliability. Pure numpy, no tables."""

from dataclasses import dataclass

import numpy as np

from annotation.scale import DIMENSION_KEYS, MIN_SCORE
from scoring.evaluation.compared import Compared, Floats, Ints
from scoring.evaluation.metrics import BINS, STEPS, bins_of, pairs_right


@dataclass(frozen=True)
class Counted:
    """How much one dimension's figures rest on."""

    videos: int
    pairs: int  # of videos of one prompt
    with_numbers: int  # videos with an expected score; the others are ranked by their digit


def counted(rows: Compared) -> dict[str, Counted]:
    """By dimension key."""
    found = {}
    for d, key in enumerate(DIMENSION_KEYS):
        said = rows.answered[:, d]
        of = rows.prompts[said], rows.human[said, d], rows.score[said, d]
        numbers = int((~np.isnan(rows.expected[said, d])).sum())
        found[key] = Counted(int(said.sum()), int(pairs_right(*of, rows.n_prompts)[:, 1].sum()), numbers)
    return found


def whole_answers(rows: Compared) -> int:
    """How many videos have all three answers."""
    return int(rows.answered.all(axis=1).sum())


def confusion(rows: Compared, d: int) -> Ints:
    """(5, 5): how many videos have this human score (row, worst first) and this one of the scorer (column)."""
    said = rows.answered[:, d]
    cells = (rows.human[said, d] - MIN_SCORE) * STEPS + rows.hard[said, d] - MIN_SCORE
    return np.bincount(cells, minlength=STEPS * STEPS).reshape(STEPS, STEPS)


def reliability(rows: Compared, d: int) -> Floats:
    """(10, 3): for each bin of confidence the videos in it, their mean confidence, and the share that is right."""
    known = rows.answered[:, d] & ~np.isnan(rows.confidence[:, d])
    confidence, exact = rows.confidence[known, d], rows.human[known, d] == rows.hard[known, d]
    bins = bins_of(confidence)
    n, sure, right = (np.bincount(bins, of, BINS) for of in (np.ones(len(bins)), confidence, exact))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([n, sure / n, right / n], axis=1)
