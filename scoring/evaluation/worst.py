"""Where people and a scorer lie furthest apart: an order of videos, and the lines of one page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.models import Project, Video
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Dimension
from scoring.evaluation.compared import Ints
from scoring.evaluation.load import Loaded


@dataclass(frozen=True)
class Apart:
    """A video with both scores of each dimension; `said` is None where the scorer abstained."""

    video: Video
    scores: list[tuple[Dimension, int, int | None]]

    @property
    def lines(self) -> list[tuple[Dimension, int, int | None, int]]:
        """Each dimension with what people and the scorer say, and how many steps lie between."""
        return [(one, human, said, abs(human - said) if said else 0) for one, human, said in self.scores]


def worst_first(found: Loaded, dimension: str = "", t2v_model: str | None = None) -> Ints:
    """Rows in which people and scorer differ, the largest distance first.

    The distance is the sum over the dimensions, then the largest of one; or that of the dimension alone. Ties
    stand in order of videos, so that pages stay as they are.
    """
    rows = found.rows
    distance = np.where(rows.answered, np.abs(rows.human - rows.hard), 0)
    if dimension:
        distance = distance[:, [DIMENSION_KEYS.index(dimension)]]
    total = distance.sum(axis=1)
    order = np.lexsort((found.videos, -distance.max(axis=1, initial=0), -total))
    kept = total > 0
    if t2v_model is not None:
        kept &= np.array([name == t2v_model for name in found.groups["t2v_model"]], dtype=bool)
    return order[kept[order]]


def lines(project: Project, found: Loaded, rows: Sequence[int]) -> list[Apart]:
    """These rows with their videos, in this order. One query."""
    videos = project.videos.select_related("prompt", "t2v_model").in_bulk([int(found.videos[row]) for row in rows])
    return [
        Apart(videos[int(found.videos[row])], _scores(found, row))
        for row in rows
        if int(found.videos[row]) in videos
    ]


def _scores(found: Loaded, row: int) -> list[tuple[Dimension, int, int | None]]:
    human, hard = found.rows.human[row].tolist(), found.rows.hard[row].tolist()
    return [(one, of, said or None) for one, of, said in zip(DIMENSIONS, human, hard, strict=True)]
