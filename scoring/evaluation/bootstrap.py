"""Intervals of an evaluation: percentile bootstrap over prompts, seeded. Pure numpy, no tables.

Prompts are drawn, not videos: videos of one prompt are easy or hard together and were watched together, so they
are not independent. Drawing videos would also make pairs of a video with itself and give intervals that are
too narrow.
"""

from collections.abc import Callable, Iterator

import numpy as np

from scoring.evaluation.compared import Compared, Floats
from scoring.evaluation.metrics import Measured, measure, point

Intervals = dict[str, dict[str, list[float] | None]]  # by scope and name: low and high, None where undefined
REPEATS = 1000
MOST_CELLS = 2_000_000  # weights held at once: 16 MB
LEVEL = 95.0  # percent
MIN_PROMPTS = 10  # fewer give an interval that means nothing


def intervals(
    rows: Compared, *, repeats: int, seed: int, show: Callable[[int], None] = lambda drawn: None
) -> Intervals:
    """95 % intervals of every figure. `show` is told after each stretch how many repeats it held."""
    return _bounds(_drawn([rows], repeats=repeats, seed=seed, show=show)[0])


def paired(
    one: Compared, other: Compared, *, repeats: int, seed: int, show: Callable[[int], None] = lambda drawn: None
) -> tuple[Intervals, Intervals, Intervals]:
    """Intervals of two scorers over the same rows, and of `other` minus `one`: both see the same resamples."""
    a, b = _drawn([one, other], repeats=repeats, seed=seed, show=show)
    apart = {scope: {name: b[scope][name] - of for name, of in named.items()} for scope, named in a.items()}
    return _bounds(a), _bounds(b), _bounds(apart)


def difference(one: Compared, other: Compared) -> dict[str, dict[str, float | None]]:
    """`other` minus `one` by scope and name, over the same rows; None where either is not defined."""
    a, b = point(one), point(other)
    return {
        scope: {name: _minus(b[scope][name], value) for name, value in named.items()} for scope, named in a.items()
    }


def _minus(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def resample(n_prompts: int, *, repeats: int, seed: int) -> Iterator[Floats]:
    """How often each prompt was drawn, in stretches of (repeats, prompts). The same seed draws the same."""
    rng = np.random.default_rng(seed)
    stretch = max(1, MOST_CELLS // max(n_prompts, 1))
    for start in range(0, repeats, stretch):
        rows = min(stretch, repeats - start)
        drawn = [np.bincount(rng.integers(n_prompts, size=n_prompts), minlength=n_prompts) for _ in range(rows)]
        yield np.array(drawn, dtype=np.float64)


def _drawn(scorers: list[Compared], *, repeats: int, seed: int, show: Callable[[int], None]) -> list[Measured]:
    """Every repeat's figures of each scorer."""
    n_prompts = scorers[0].n_prompts
    if n_prompts < MIN_PROMPTS:
        show(repeats)
        return [measure(rows, np.zeros((1, n_prompts))) for rows in scorers]
    parts: list[list[Measured]] = [[] for _ in scorers]
    for weights in resample(n_prompts, repeats=repeats, seed=seed):
        for part, rows in zip(parts, scorers, strict=True):
            part.append(measure(rows, weights))
        show(len(weights))
    return [_joined(part) for part in parts]


def _joined(parts: list[Measured]) -> Measured:
    first = parts[0]
    return {
        scope: {name: np.concatenate([part[scope][name] for part in parts]) for name in named}
        for scope, named in first.items()
    }


def _bounds(drawn: Measured) -> Intervals:
    tail = (100 - LEVEL) / 2
    return {scope: {name: _percentiles(of, tail) for name, of in named.items()} for scope, named in drawn.items()}


def _percentiles(drawn: Floats, tail: float) -> list[float] | None:
    """Repeats in which a figure is not defined are left out; None where it never is."""
    if np.isnan(drawn).all():
        return None
    low, high = np.nanpercentile(drawn, [tail, 100 - tail])
    return [float(low), float(high)]
