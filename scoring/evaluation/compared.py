"""A scorer's answers beside human scores of the same videos, as arrays. Pure numpy, no tables."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotation.scale import DIMENSION_KEYS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
N = len(DIMENSION_KEYS)


@dataclass(frozen=True)
class Compared:
    """One row a video, rows of one prompt together; the columns of (rows, 3) arrays are the dimensions.

    `prompts` numbers them 0, 1, ...; `human` is 1-5. `hard` is the digit that the scorer said, 0 where it
    abstained. `expected` (1-5) and `confidence` (0-1) are NaN where it gave no probabilities.
    """

    prompts: Ints
    human: Ints
    hard: Ints
    expected: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def n_prompts(self) -> int:
        return int(self.prompts[-1]) + 1 if len(self.prompts) else 0

    @property
    def answered(self) -> Mask:
        """(rows, 3): where the scorer did not abstain."""
        return self.hard > 0

    @property
    def score(self) -> Floats:
        """(rows, 3): the expected score where there is one, else the digit; what ranks videos."""
        return np.where(np.isnan(self.expected), self.hard, self.expected)

    def take(self, rows: Mask | Ints) -> "Compared":
        """Some of the rows, in their order, prompts numbered anew."""
        prompts = np.unique(self.prompts[rows], return_inverse=True)[1].reshape(-1)
        columns = (self.human[rows], self.hard[rows], self.expected[rows], self.confidence[rows])
        return Compared(prompts.astype(np.int64), *columns)

    def only(self, kept: Mask) -> "Compared":
        """As if the scorer had abstained everywhere but in these cells of (rows, 3)."""
        expected = np.where(kept, self.expected, np.nan)
        confidence = np.where(kept, self.confidence, np.nan)
        return replace(self, hard=np.where(kept, self.hard, 0), expected=expected, confidence=confidence)


def compared(prompts: Ints, human: Ints, hard: Ints, expected: Floats, confidence: Floats) -> Compared:
    """From rows that stand together by prompt; `prompts` may be any numbers, primary keys for one."""
    numbered = np.unique(prompts, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return Compared(numbered, human, hard, expected, confidence)


def in_common(one: Compared, other: Compared) -> tuple[Compared, Compared]:
    """Two scorers over the same rows, each only where both answered."""
    both = one.answered & other.answered
    return one.only(both), other.only(both)
