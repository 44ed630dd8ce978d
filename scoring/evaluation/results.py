"""The figures of one scorer version, or of two side by side, and of the groups of videos."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scoring.evaluation.bootstrap import difference, intervals, paired
from scoring.evaluation.compared import Ints
from scoring.evaluation.load import GROUPINGS, Loaded, side_by_side
from scoring.evaluation.metrics import MEAN, point
from scoring.evaluation.tables_of import Counted, counted, whole_answers

Figures = dict[str, dict[str, float | None]]
MOST_GROUPS = 100  # of a grouping get intervals, those with most videos first
ONE, OTHER, DIFFERENCE = "one", "other", "difference"


@dataclass(frozen=True)
class Side:
    """One version: what it was compared on, its figures by scope and name, and what they rest on."""

    loaded: Loaded
    figures: Figures
    counted: dict[str, Counted]  # by dimension key
    whole: int  # videos with all three answers


@dataclass(frozen=True)
class Results:
    """One side or two; two are over the videos that both answered, with `other` minus `one`."""

    sides: list[Side]
    difference: Figures | None

    @property
    def videos(self) -> int:
        return len(self.sides[0].loaded.videos)


def results(of: list[Loaded]) -> Results:
    """The figures of one or two versions."""
    if len(of) == 2:
        of = list(side_by_side(*of))
    apart = difference(of[0].rows, of[1].rows) if len(of) == 2 else None
    return Results([_side(one) for one in of], apart)


def _side(one: Loaded) -> Side:
    return Side(one, point(one.rows), counted(one.rows), whole_answers(one.rows))


@dataclass(frozen=True)
class Group:
    """Some of the videos: those of one T2V model, tier or prompt source. `name` is empty where none is known."""

    name: str
    videos: int
    figures: list[Figures]  # of each side
    difference: Figures | None


def groups_of(found: Results) -> dict[str, list[Group]]:
    """By grouping, in order of names; a grouping that does not divide the videos is left out."""
    groups = {}
    for grouping in GROUPINGS:
        members = members_of(found, grouping)
        if len(members) > 1:
            groups[grouping] = [_group(found, name, rows) for name, rows in sorted(members.items())]
    return groups


def members_of(found: Results, grouping: str) -> dict[str, Ints]:
    """The rows of each group by its name."""
    names, place = np.unique(np.array(found.sides[0].loaded.groups[grouping], dtype=object), return_inverse=True)
    return {str(name): np.flatnonzero(place.reshape(-1) == index) for index, name in enumerate(names)}


def _group(found: Results, name: str, rows: Ints) -> Group:
    parts = [side.loaded.rows.take(rows) for side in found.sides]
    apart = difference(*parts) if len(parts) == 2 else None
    return Group(name, len(rows), [point(part) for part in parts], apart)


def all_intervals(
    found: Results, *, repeats: int, seed: int, show: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Intervals of everything: `one`, `other`, `difference` by scope and name, and `groups` (of means only).

    `show` is told how many repeats are done and how many there are.
    """
    groups = {grouping: _largest(members_of(found, grouping)) for grouping in GROUPINGS}
    total = repeats * (1 + sum(len(members) for members in groups.values()))
    done = 0

    def tell(drawn: int) -> None:
        nonlocal done
        done += drawn
        show(done, total)

    def of(rows: Ints | None) -> dict[str, Any]:
        parts = [side.loaded.rows if rows is None else side.loaded.rows.take(rows) for side in found.sides]
        if len(parts) == 2:
            both = paired(*parts, repeats=repeats, seed=seed, show=tell)
            return dict(zip((ONE, OTHER, DIFFERENCE), both, strict=True))
        return {ONE: intervals(parts[0], repeats=repeats, seed=seed, show=tell)}

    said = of(None)
    said["groups"] = {
        grouping: {name: {side: named[MEAN] for side, named in of(rows).items()} for name, rows in members.items()}
        for grouping, members in groups.items()
    }
    return said


def _largest(members: dict[str, Ints]) -> dict[str, Ints]:
    if len(members) < 2:
        return {}
    return dict(sorted(members.items(), key=lambda pair: -len(pair[1]))[:MOST_GROUPS])


def as_json(found: Results, said: dict[str, Any] | None = None) -> dict[str, Any]:
    """What `evaluate_scorer --json` prints and an `Evaluation` keeps; the keys are a contract."""
    sides = dict(zip((ONE, OTHER), found.sides, strict=False))
    return {
        "videos": found.videos,
        "rests_on": found.sides[0].loaded.rests_on,
        "figures": {name: side.figures for name, side in sides.items()}
        | ({DIFFERENCE: found.difference} if found.difference else {}),
        "counted": {
            name: {key: asdict(of) for key, of in side.counted.items()} | {"whole": side.whole}
            for name, side in sides.items()
        },
        "left_out": {name: side.loaded.left_out for name, side in sides.items()},
        "groups": {
            grouping: {
                group.name: {
                    "videos": group.videos,
                    "figures": dict(zip((ONE, OTHER), group.figures, strict=False)),
                }
                for group in members
            }
            for grouping, members in groups_of(found).items()
        },
        "intervals": said,
    }
