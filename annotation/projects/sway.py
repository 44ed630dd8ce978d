"""Does the model sway the raters? Their scores beside the model's, by what they knew of it when they gave them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.projects.agreement import Estimate, share_difference
from annotation.projects.compare_raters import Numbers, Table

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Beside:
    """Scores beside the model's: how many, the share that is the same (0-1), and the mean distance in steps."""

    scores: int
    same: float | None
    distance: float | None


@dataclass(frozen=True)
class Sway:
    """By what the raters knew. A rating whose suggestion was late or abstained is in none, nor is an imported one.

    The differences are those of pre-filled scores from the scores of raters who had not seen the model: blind
    ones, and those before the reveal. None where either has too few.
    """

    blind: Beside
    before: Beside  # first versions in the arm `reveal`
    after: Beside  # the same raters and videos once the model was revealed and they answered
    prefilled: Beside
    changed: float | None  # share of scores that are others after the reveal
    same: Estimate | None  # difference of shares
    distance: Estimate | None  # difference of mean distances, in steps


def sway(table: Table, *, seed: int) -> Sway:
    """Scores on their own are compared with what the suggester says, the others with what was shown."""
    blind = table.unswayed & table.blind[:, None]
    before = table.unswayed & ~table.blind[:, None]
    prefilled = table.prefilled[:, None] & (table.shown > 0)
    after = ~table.prefilled[:, None] & (table.own > 0) & (table.shown > 0)
    return Sway(
        blind=_beside(table.own, table.suggested, blind),
        before=_beside(table.own, table.suggested, before),
        after=_beside(table.scores, table.shown, after),
        prefilled=_beside(table.scores, table.shown, prefilled),
        changed=float((table.scores != table.own)[after].mean()) if after.any() else None,
        same=share_difference(
            _per_video(table, table.own == table.suggested, table.unswayed),
            _per_video(table, table.scores == table.shown, prefilled),
            seed=seed,
        ),
        distance=share_difference(
            _per_video(table, np.abs(table.own - table.suggested), table.unswayed),
            _per_video(table, np.abs(table.scores - table.shown), prefilled),
            seed=seed,
        ),
    )


def _beside(scores: Numbers, model: Numbers, compared: Mask) -> Beside:
    gaps = np.abs(scores - model)[compared]
    if not gaps.size:
        return Beside(0, None, None)
    return Beside(len(gaps), float((gaps == 0).mean()), float(gaps.mean()))


def _per_video(table: Table, amounts: NDArray[np.int64] | Mask, compared: Mask) -> Numbers:
    """(videos, 2): the sum of the amounts compared, and how many they are."""
    sums = [(amounts * compared).sum(axis=1), compared.sum(axis=1)]
    columns = [np.bincount(table.units, column, table.n_units) for column in sums]
    return np.stack(columns, axis=1).astype(np.int64)
