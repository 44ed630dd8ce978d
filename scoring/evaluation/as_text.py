"""The figures as a table of plain text, for the command line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.scale import DIMENSIONS
from scoring.evaluation.load import WHY
from scoring.evaluation.metrics import FIGURES, MEAN, SCOPES, WHOLE
from scoring.evaluation.published import PUBLISHED
from scoring.evaluation.results import DIFFERENCE, ONE, OTHER, Figures, Results
from scoring.evaluation.truth import ALL, UNBIASED

HEADS = ("mean", *(dimension.record_key for dimension in DIMENSIONS))
NAMES = {
    "accuracy": "accuracy",
    "within_one": "within one",
    "plcc": "PLCC",
    "srcc": "SRCC",
    "pairwise": "pairs in order",
    "ece": "ECE",
    "all_exact": "all three exact",
    "reward": "reward",
}
BASIS = {
    UNBIASED: "ratings of people who had not seen the model",
    ALL: "all counted ratings, ALSO of people who saw the model: biased in its favour",
    "bench": "the human scores of a bench file",
}


def as_text(
    found: Results, names: list[str], ratings: str, said: Mapping[str, Any] | None, trained_on: Sequence[int] = ()
) -> str:
    """Figures x 100, the interval in brackets where there is one; on how many of the videos each was trained."""
    return "\n".join(_lines(found, names, ratings, said or {}, trained_on or [0] * len(names)))


def _lines(
    found: Results, names: list[str], ratings: str, said: Mapping[str, Any], trained_on: Sequence[int]
) -> Iterator[str]:
    yield f"{found.videos} videos; truth: {BASIS[ratings]}"
    rests_on = found.sides[0].loaded.rests_on
    if rests_on:
        yield "rests on: " + ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in rests_on.items() if n)
    for name, n in zip(names, trained_on, strict=True):
        if n:
            yield f"{n} of them were in the training data of {name}; --held-out leaves them out"
    keys = (ONE, OTHER)
    for key, name, side in zip(keys, names, found.sides, strict=False):
        yield ""
        yield f"{name}  (x 100)"
        yield from _table(side.figures, said.get(key))
        videos = ", ".join(
            f"{head} {of.videos}" for head, of in zip(HEADS[1:], side.counted.values(), strict=True)
        )
        yield f"  videos: all three {side.whole}, {videos}"
        for why, n in side.loaded.left_out.items():
            if n:
                yield f"  left out: {n} ({WHY[why]})"
    if found.difference:
        yield ""
        yield f"{names[1]} minus {names[0]}  (x 100)"
        yield from _table(found.difference, said.get(DIFFERENCE))
    yield ""
    published = ", ".join(f"{NAMES[name]} {value:.2f}" for name, value in PUBLISHED.items())
    yield f"for reference, VideoScore2 on VideoScore-Bench-v2 (other videos): {published}"


def _table(figures: Figures, bounds: Mapping[str, Any] | None) -> Iterator[str]:
    width = 24 if bounds else 9
    yield " " * 18 + "".join(f"{head:>{width}}" for head in HEADS)
    for name in (*FIGURES, *WHOLE):
        scopes = SCOPES if name in FIGURES else (MEAN,)
        cells = [_cell(figures[scope][name], (bounds or {}).get(scope, {}).get(name)) for scope in scopes]
        yield f"  {NAMES[name]:<16}" + "".join(f"{cell:>{width}}" for cell in cells)


def _cell(value: float | None, bounds: list[float] | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}" + (f" [{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]" if bounds else "")
