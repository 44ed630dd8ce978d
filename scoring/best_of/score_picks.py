"""How good a scorer's picks are: how often the pick is the humans' best, beside chance and the most there is.

Counted are prompts with at least two videos that are ranked and that humans scored; the pick is the best ranked
of those. Any of several equally good videos counts as the humans' best, so the ceiling of the share is 1 by
definition. Where the scorer itself cannot tell its first videos apart (same score, same confidence), the pick
counts as a draw among them. Chance is the exact expectation of a uniform draw from each prompt's videos.
"""

from dataclasses import dataclass

import numpy as np

from scoring.best_of.rank import DECIMALS, Candidates, Floats, Mask, Numbers, Ranking, starts_of, weighted

REPEATS = 1000
FEW = 10  # prompts; an interval over fewer means nothing


@dataclass(frozen=True)
class Figure:
    """A mean over prompts with its 95 % bootstrap interval; no interval from fewer than `FEW` prompts."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PickFigures:
    """Shares are 0 to 1, scores in steps of the scale, each a mean over `prompts`.

    `gained` is the part of the way from chance to the humans' best that the picks go (0 = chance, 1 = all), None
    where humans prefer no video. `rater` is how often one rater's favourite is the best of the other raters, over
    the `rater_prompts` where that can be asked: what a human reaches at the same task.
    """

    prompts: int
    videos: int
    hit: Figure
    chance: float
    over_chance: Figure
    pick_score: Figure
    chance_score: float
    best_score: float
    gained: float | None
    rater: float | None
    rater_prompts: int


@dataclass(frozen=True)
class Opinions:
    """Single raters' scores for `rater`: primary keys (n,) and scores (n, 3)."""

    videos: Numbers
    raters: Numbers
    scores: Floats


def score_picks(
    candidates: Candidates,
    ranking: Ranking,
    human: Floats,
    weights: Floats,
    *,
    seed: int,
    opinions: Opinions | None = None,
) -> PickFigures | None:
    """Compare picks with human scores: (n, 3) beside the candidates, NaN where nobody scored.

    Humans are weighed in all three dimensions, also where the scorer answers fewer: the truth does not depend on
    who is measured. None where no prompt can be counted.
    """
    per_prompt = prompt_values(ranking, weighted(human, weights)[ranking.rows])
    n = len(per_prompt)
    if not n:
        return None
    hit, chance, pick, mean, best, _ = (float(value) for value in per_prompt.mean(axis=0))
    drawn = _resample(per_prompt, seed)
    rater, asked = _rater_share(candidates, ranking, opinions, weights) if opinions else (None, 0)
    return PickFigures(
        prompts=n,
        videos=round(per_prompt[:, 5].sum()),
        hit=_figure(hit, drawn[:, 0], n),
        chance=chance,
        over_chance=_figure(hit - chance, drawn[:, 0] - drawn[:, 1], n),
        pick_score=_figure(pick, drawn[:, 2], n),
        chance_score=mean,
        best_score=best,
        gained=(pick - mean) / (best - mean) if best > mean else None,
        rater=rater,
        rater_prompts=asked,
    )


def humans_best(ranking: Ranking, human: Floats) -> Mask:
    """Which of `ranking.rows` are the humans' best of their prompt, ties included; none unless two have scores.

    `human` belongs to `ranking.rows`; NaN where nobody scored the video.
    """
    group, scored = ranking.groups, ~np.isnan(human)
    best = np.full(len(ranking.starts), -np.inf)
    np.maximum.at(best, group[scored], human[scored])
    enough = np.bincount(group[scored], minlength=len(ranking.starts)) > 1
    return np.asarray(scored & enough[group] & (human == best[group]))


def prompt_values(ranking: Ranking, human: Floats) -> Floats:
    """(prompts counted, 6): hit, chance, the pick's, the mean and the best human score, and the videos.

    `human` belongs to `ranking.rows`; NaN where nobody scored the video, which then is no candidate here.
    """
    group, is_best = ranking.groups, humans_best(ranking, human)
    kept = ~np.isnan(human)
    kept &= np.bincount(group[kept], minlength=len(ranking.starts))[group] > 1
    human, is_best, score, confidence = human[kept], is_best[kept], ranking.score[kept], ranking.confidence[kept]
    starts = starts_of(group[kept])
    if not len(starts):
        return np.empty((0, 6))
    sizes = np.diff(np.append(starts, len(human)))
    best = np.maximum.reduceat(human, starts)
    first = np.repeat(starts, sizes)
    picked = (score == score[first]) & (confidence == confidence[first])
    ties = np.add.reduceat(picked.astype(float), starts)
    return np.stack(
        [
            np.add.reduceat((picked & is_best).astype(float), starts) / ties,
            np.add.reduceat(is_best.astype(float), starts) / sizes,
            np.add.reduceat(np.where(picked, human, 0.0), starts) / ties,
            np.add.reduceat(human, starts) / sizes,
            best,
            sizes.astype(float),
        ],
        axis=1,
    )


def _rater_share(
    candidates: Candidates, ranking: Ranking, opinions: Opinions, weights: Floats
) -> tuple[float | None, int]:
    """One rater's favourite against the mean of the others, over what both scored; mean over a prompt's raters."""
    prompt_of = dict(zip(candidates.videos[ranking.rows].tolist(), ranking.groups.tolist(), strict=True))
    by_prompt: dict[int, dict[int, dict[int, float]]] = {}
    scores = weighted(opinions.scores, weights).tolist()
    for video, rater, score in zip(opinions.videos.tolist(), opinions.raters.tolist(), scores, strict=True):
        if video in prompt_of:
            by_prompt.setdefault(prompt_of[video], {}).setdefault(video, {})[rater] = score
    shares = [share for videos in by_prompt.values() if (share := _one_against_others(videos)) is not None]
    return (float(np.mean(shares)), len(shares)) if shares else (None, 0)


def _one_against_others(videos: dict[int, dict[int, float]]) -> float | None:
    """The mean share of hits over the raters of one prompt; `videos` hold scores by rater. None if none can be."""
    hits = []
    for rater in {rater for scores in videos.values() for rater in scores}:
        both = [
            (scores[rater], round((sum(scores.values()) - scores[rater]) / (len(scores) - 1), DECIMALS))
            for scores in videos.values()
            if rater in scores and len(scores) > 1
        ]
        if len(both) > 1:
            favourite, best = max(own for own, _ in both), max(others for _, others in both)
            liked = [others >= best for own, others in both if own >= favourite]
            hits.append(sum(liked) / len(liked))
    return sum(hits) / len(hits) if hits else None


def _resample(values: Floats, seed: int) -> Floats:
    """(REPEATS, columns): means over prompts that were drawn with replacement."""
    rng = np.random.default_rng(seed)
    n = len(values)
    draws = (np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(REPEATS))
    return np.stack([draw @ values / n for draw in draws])


def _figure(value: float, drawn: Floats, n: int) -> Figure:
    if n < FEW:
        return Figure(float(value), None, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Figure(float(value), float(low), float(high))
