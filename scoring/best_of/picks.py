"""The picks of a scorer in one project: ranked videos with what humans think of them, prompt after prompt."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache

from annotation.models import Project, ScorerVersion
from scoring.best_of.load import Loaded, load
from scoring.best_of.rank import Floats, Mask, Numbers, Ranking, compared, rank, weighted
from scoring.best_of.score_picks import PickFigures, humans_best, score_picks
from scoring.evaluation.keep import KEEP_SECONDS


@dataclass(frozen=True)
class Picks:
    """A ranking beside human scores. `human` and `best` belong to `ranking.rows`; `compared` to the dimensions."""

    loaded: Loaded
    weights: Floats
    ranking: Ranking
    human: Floats  # weighted means; NaN where nobody scored
    best: Mask  # the humans' best, ties included
    compared: Mask

    @property
    def prompts(self) -> Numbers:
        """Primary keys of the prompts with at least two ranked videos, in order."""
        starts = self.ranking.starts[self.ranking.sizes > 1]
        return self.loaded.candidates.prompts[self.ranking.rows[starts]]

    @property
    def left_out(self) -> int:
        """Videos that the scorer answered about, but not in every dimension that is compared."""
        return len(self.loaded.candidates.videos) - len(self.ranking.rows)

    def judged(self, right: bool) -> Numbers:
        """Prompts whose pick is (or is not) the humans' best, of those where that can be said."""
        r = self.ranking
        says = np.logical_or.reduceat(self.best, r.starts) if len(r.starts) else np.empty(0, bool)
        says &= ~np.isnan(self.human[r.starts]) & (self.best[r.starts] == right)
        return self.loaded.candidates.prompts[r.rows[r.starts[says]]]

    def figures(self, seed: int) -> PickFigures | None:
        """How good the picks are, kept with what they rest on; None where no prompt can be counted."""
        said = self.loaded
        key = f"{said.stamp}-{'-'.join(repr(weight) for weight in self.weights.tolist())}-{seed}"
        kept: tuple[PickFigures | None] | None = cache.get(key)
        if kept is None:
            figures = score_picks(
                said.candidates, self.ranking, said.human, self.weights, seed=seed, opinions=said.opinions
            )
            kept = (figures,)
            cache.set(key, kept, KEEP_SECONDS)
        return kept[0]

    def each(self) -> Iterator[tuple[int, Numbers]]:
        """Each prompt's key with the positions of its videos in `ranking`, best first; at least two."""
        r = self.ranking
        for start, size in zip(r.starts.tolist(), r.sizes.tolist(), strict=True):
            if size > 1:
                yield int(self.loaded.candidates.prompts[r.rows[start]]), np.arange(start, start + size)


def picks(project: Project, version: ScorerVersion, weights: Floats) -> Picks:
    """`weights` are (3,) in the order of the scale, none negative, at least one above 0."""
    loaded = load(project, version)
    ranking = rank(loaded.candidates, weights)
    human = weighted(loaded.human, weights)[ranking.rows]
    best = humans_best(ranking, human)
    return Picks(loaded, weights, ranking, human, best, compared(loaded.candidates, weights))
