"""The figures as the evaluation's page shows them: rows of cells, with intervals where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from annotation.models import ScorerVersion
from annotation.scale import DIMENSION_KEYS, DIMENSIONS
from scoring.evaluation.load import GROUPINGS, WHY
from scoring.evaluation.metrics import FIGURES, MEAN, SCOPES, WHOLE
from scoring.evaluation.published import PUBLISHED
from scoring.evaluation.results import DIFFERENCE, ONE, OTHER, Figures, Group, Results, groups_of

LABELS = {
    "accuracy": _("Accuracy"),
    "within_one": _("Within one step"),
    "plcc": _("PLCC"),
    "srcc": _("SRCC"),
    "pairwise": _("Pairs in order"),
    "ece": _("ECE"),
    "all_exact": _("All three exact"),
    "reward": _("Reward"),
}
ABOUT = {
    "accuracy": _("Share of scores that are exactly the human score"),
    "within_one": _("Share of scores at most one step from the human score"),
    "plcc": _("Pearson’s correlation of expected score and human score"),
    "srcc": _("Spearman’s correlation of expected score and human score"),
    "pairwise": _("Of two videos of one prompt: ordered as people order them, closer than 5 % is a tie"),
    "ece": _("Expected calibration error: how far confidence and accuracy lie apart; lower is better"),
    "all_exact": _("Share of videos with all three scores exactly as people say"),
    "reward": _("VideoScore2’s reward: 100 all exact; 70, 40, 10 for a total miss of 1, 2, 3 steps; else 0"),
}
# What a group's row shows; of two versions only the first four.
GROUP_COLUMNS = [
    *((scope, "accuracy") for scope in SCOPES),
    *((MEAN, name) for name in ("within_one", "plcc", "reward")),
]
SMALL = 30  # a group of fewer videos is greyed


@dataclass(frozen=True)
class Cell:
    """A figure with its interval, if it is known."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Line:
    """One version's cells, or those of the difference."""

    version: ScorerVersion | None  # None: the difference
    cells: list[Cell]


@dataclass(frozen=True)
class Row:
    """One figure: a line a version, and one for their difference."""

    label: Any
    about: Any
    lines: list[Line]
    published: float | None


def rows(found: Results, versions: list[ScorerVersion], said: Mapping[str, Any] | None) -> list[Row]:
    """The main table, means first. `said` are the intervals of `results.all_intervals`."""
    bounds = said or {}
    sides: list[tuple[ScorerVersion | None, Figures, Any]] = [
        (version, side.figures, bounds.get(key))
        for key, version, side in zip((ONE, OTHER), versions, found.sides, strict=False)
    ]
    if found.difference:
        sides.append((None, found.difference, bounds.get(DIFFERENCE)))
    return [
        Row(
            LABELS[name],
            ABOUT[name],
            [
                Line(version, [_cell(of, known, scope, name) for scope in _scopes(name)])
                for version, of, known in sides
            ],
            PUBLISHED.get(name),
        )
        for name in (*FIGURES, *WHOLE)
    ]


def _scopes(name: str) -> tuple[str, ...]:
    return SCOPES if name in FIGURES else (MEAN,)


def _cell(figures: Figures, bounds: Mapping[str, Any] | None, scope: str, name: str) -> Cell:
    low, high = ((bounds or {}).get(scope, {}).get(name)) or (None, None)
    return Cell(figures[scope][name], low, high)


@dataclass(frozen=True)
class GroupLine:
    """A group's figures. `sides` has a list of cells a version; `difference` that of the accuracies."""

    name: str
    videos: int
    sides: list[list[Cell]]
    difference: Cell | None

    @property
    def small(self) -> bool:
        return self.videos < SMALL


@dataclass(frozen=True)
class Grouping:
    """A folded table."""

    key: str
    label: Any
    lines: list[GroupLine]


def groupings(found: Results, said: Mapping[str, Any] | None) -> list[Grouping]:
    """By T2V model, tier and prompt source, where there is more than one."""
    known = (said or {}).get("groups", {})
    return [
        Grouping(
            key, GROUPINGS[key], [_group_line(group, known.get(key, {}).get(group.name, {})) for group in members]
        )
        for key, members in groups_of(found).items()
    ]


def group_labels(versions: int) -> list[Any]:
    """What stands over the cells of one side."""
    heads = [LABELS["accuracy"], *(dimension.short_label for dimension in DIMENSIONS)]
    return heads if versions > 1 else [*heads, *(LABELS[name] for _, name in GROUP_COLUMNS[4:])]


def _group_line(group: Group, bounds: Mapping[str, Any]) -> GroupLine:
    columns = GROUP_COLUMNS[: 4 if group.difference else None]
    sides = [
        [_cell(figures, {MEAN: bounds.get(key, {})}, scope, name) for scope, name in columns]
        for key, figures in zip((ONE, OTHER), group.figures, strict=False)
    ]
    apart = None
    if group.difference:
        apart = _cell(group.difference, {MEAN: bounds.get(DIFFERENCE, {})}, MEAN, "accuracy")
    return GroupLine(group.name, group.videos, sides, apart)


def left_out(found: Results) -> list[list[tuple[int, Any]]]:
    """For each version how many videos were left out, and why."""
    return [[(n, WHY[why]) for why, n in side.loaded.left_out.items() if n] for side in found.sides]


def videos_behind(found: Results) -> list[list[int]]:
    """For each version: videos with all three answers, then those of each dimension."""
    return [[side.whole, *(side.counted[key].videos for key in DIMENSION_KEYS)] for side in found.sides]


def pairs_behind(found: Results) -> list[list[int]]:
    """For each version: the pairs of each dimension."""
    return [[side.counted[key].pairs for key in DIMENSION_KEYS] for side in found.sides]


def without_numbers(found: Results) -> list[int]:
    """For each version: in how many scores it gave no probabilities, so that its digit ranks."""
    return [sum(of.videos - of.with_numbers for of in side.counted.values()) for side in found.sides]
