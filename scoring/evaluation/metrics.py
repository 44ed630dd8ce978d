"""What an evaluation measures. Pure numpy, no tables; `docs/evaluation.md` says it for people.

Every figure is a function of how often each prompt counts: all once for the figure itself, as often as it was
drawn for a bootstrap repeat. So one piece of code gives figures and intervals. Figures are shares of 0-1 and
correlations of -1 to 1; NaN where they are not defined (no row, or nothing to tell apart).

Per dimension, over the rows in which the scorer said something:

- `accuracy`: share of digits that are the human score; `within_one`: that are at most one step from it.
- `plcc`, `srcc`: Pearson's and Spearman's correlation of `Compared.score` and the human score, Spearman's with
  average ranks for ties.
- `pairwise`: over all pairs of videos of one prompt, the share that the scorer orders as people do. Two scores
  within 5 % of the scale's range (0.2 steps) are a tie; a pair is right where both call it a tie, or neither
  does and both prefer the same video. (C + T_hm) / all pairs of Deutsch, Foster and Freitag, "Ties Matter"
  (EMNLP 2023), with a fixed threshold in place of a fitted one. Each pair counts once.
- `ece`: expected calibration error (Guo et al., ICML 2017) of `Compared.confidence` against being exactly right,
  ten bins of equal width.

`mean` is the plain mean of the three dimensions, NaN where one of them is. It also holds what needs all three
answers of a video: `all_exact`, the share with all three right, and `reward`, the mean of VideoScore2's reward
(1.0 all exact; 0.7, 0.4, 0.1 when each is within one and the total miss is 1, 2, 3; else 0).
"""

import numpy as np

from annotation.scale import DIMENSION_KEYS, MAX_SCORE, MIN_SCORE
from scoring.evaluation.compared import Compared, Floats, Ints

Measured = dict[str, dict[str, Floats]]  # by dimension key or `MEAN`, by name: one number a row of the weights
FIGURES = ("accuracy", "within_one", "plcc", "srcc", "pairwise", "ece")
WHOLE = ("all_exact", "reward")
MEAN = "mean"
SCOPES = (MEAN, *DIMENSION_KEYS)
STEPS = MAX_SCORE - MIN_SCORE + 1
TIE = 0.05 * (MAX_SCORE - MIN_SCORE)
BINS = 10
REWARDS = np.array([1.0, 0.7, 0.4, 0.1])  # by the total miss of three scores that are all within one
ROUNDING = 1e-9  # a difference or a variance below it is none


def point(rows: Compared) -> dict[str, dict[str, float | None]]:
    """The figures of these rows by scope and name; None where one is not defined."""
    measured = measure(rows, np.ones((1, rows.n_prompts)))
    return {scope: {name: _defined(of[0]) for name, of in named.items()} for scope, named in measured.items()}


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def measure(rows: Compared, weights: Floats) -> Measured:
    """All figures for each row of `weights` (repeats, prompts): how often each prompt counts."""
    measured = {key: _of_dimension(rows, d, weights) for d, key in enumerate(DIMENSION_KEYS)}
    means = {name: np.mean([measured[key][name] for key in DIMENSION_KEYS], axis=0) for name in FIGURES}
    return {MEAN: means | _of_whole_answers(rows, weights)} | measured


def _of_dimension(rows: Compared, d: int, weights: Floats) -> dict[str, Floats]:
    said = rows.answered[:, d]
    prompts, human, hard = rows.prompts[said], rows.human[said, d], rows.hard[said, d]
    score, confidence = rows.score[said, d], rows.confidence[said, d]
    miss = np.abs(human - hard)
    n, exact, near = _sums(prompts, [np.ones(len(prompts)), miss == 0, miss <= 1], weights)
    return {
        "accuracy": _ratio(exact, n),
        "within_one": _ratio(near, n),
        "plcc": _pearson(prompts, human.astype(np.float64), score, weights),
        "srcc": _spearman(prompts, human, score, weights),
        "pairwise": _ratio(*(weights @ pairs_right(prompts, human, score, weights.shape[1])).T),
        "ece": _ece(prompts, confidence, miss == 0, weights),
    }


def _of_whole_answers(rows: Compared, weights: Floats) -> dict[str, Floats]:
    whole = rows.answered.all(axis=1)
    reward = rewards(rows.human[whole], rows.hard[whole])
    columns = [np.ones(len(reward)), reward == 1, reward]
    n, exact, total = _sums(rows.prompts[whole], columns, weights)
    return {"all_exact": _ratio(exact, n), "reward": _ratio(total, n)}


def rewards(human: Ints, hard: Ints) -> Floats:
    """(rows,): the reward of each row of two (rows, 3) arrays of scores."""
    miss = np.abs(human - hard)
    return np.where((miss <= 1).all(axis=1), REWARDS[np.minimum(miss.sum(axis=1), 3)], 0.0)


def _sums(prompts: Ints, columns: list[Floats], weights: Floats) -> Floats:
    """(columns, repeats): each column summed over its rows, a row as often as its prompt counts."""
    each = [np.bincount(prompts, column, weights.shape[1]) for column in columns]
    return (weights @ np.stack(each, axis=1)).T


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _pearson(prompts: Ints, x: Floats, y: Floats, weights: Floats) -> Floats:
    x, y = x - (x.mean() if len(x) else 0), y - (y.mean() if len(y) else 0)  # small sums lose no digits
    n, sx, sy, xx, yy, xy = _sums(prompts, [np.ones(len(x)), x, y, x * x, y * y, x * y], weights)
    return _correlation(n, xx - _ratio(sx * sx, n), yy - _ratio(sy * sy, n), xy - _ratio(sx * sy, n))


def _correlation(n: Floats, xx: Floats, yy: Floats, xy: Floats) -> Floats:
    """From sums of centred squares and products; NaN where one side is constant."""
    with np.errstate(divide="ignore", invalid="ignore"):
        varies = (xx > ROUNDING * n) & (yy > ROUNDING * n)
        return np.where(varies, xy / np.sqrt(np.where(varies, xx * yy, 1.0)), np.nan)


def _spearman(prompts: Ints, human: Ints, score: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of mid-ranks; ranks depend on what was drawn, so each repeat has its own."""
    place = np.unique(score, return_inverse=True)[1].reshape(-1)
    values = int(place.max()) + 1 if len(place) else 0
    level = human - MIN_SCORE
    return np.array([_rank_correlation(weight[prompts], level, place, values) for weight in weights])


def _rank_correlation(weight: Floats, level: Ints, place: Ints, values: int) -> float:
    """`level` (0-4) and `place` (0 to values - 1) are where each row stands among the distinct values."""
    n = weight.sum()
    levels, places = np.bincount(level, weight, STEPS), np.bincount(place, weight, values)
    # Mid-ranks from the middle of all.
    x, y = np.cumsum(levels) - levels / 2 - n / 2, np.cumsum(places) - places / 2 - n / 2
    xx, yy = (levels * x * x).sum(), (places * y * y).sum()
    xy = np.bincount(level, weight * y[place], STEPS) @ x
    return float(xy / np.sqrt(xx * yy)) if min(xx, yy) > ROUNDING else np.nan


def pairs_right(prompts: Ints, human: Ints, score: Floats, n_prompts: int) -> Floats:
    """(prompts, 2): how many pairs of a prompt's videos are ordered as people order them, and all its pairs.

    `prompts` must be sorted. Pairs are never held all at once: a prompt may have thousands of videos.
    """
    right, pairs = np.zeros(n_prompts), np.zeros(n_prompts)
    for shift in range(1, len(prompts)):
        same = np.flatnonzero(prompts[shift:] == prompts[:-shift])
        if not len(same):
            break
        of, other = prompts[same], same + shift
        agree = _side(human[same] - human[other]) == _side(score[same] - score[other])
        right += np.bincount(of, agree, n_prompts)
        pairs += np.bincount(of, minlength=n_prompts)
    return np.stack([right, pairs], axis=1)


def _side(difference: Floats | Ints) -> Floats:
    """-1, 0 or 1: which of the two is better, 0 for a tie."""
    return np.where(np.abs(difference) <= TIE + ROUNDING, 0, np.sign(difference))


def bins_of(confidence: Floats) -> Ints:
    """The bin of each confidence, 0 to `BINS` - 1; a bin holds its lower end."""
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _ece(prompts: Ints, confidence: Floats, exact: Floats, weights: Floats) -> Floats:
    known = ~np.isnan(confidence)
    prompts, confidence, exact = prompts[known], confidence[known], exact[known]
    cells, size = prompts * BINS + bins_of(confidence), weights.shape[1] * BINS
    gaps = np.bincount(cells, confidence - exact, size).reshape(-1, BINS)
    n = weights @ np.bincount(prompts, minlength=weights.shape[1])
    return _ratio(np.abs(weights @ gaps).sum(axis=1), n)
