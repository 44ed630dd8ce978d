"""The prompts of the best-of-N page, each with its candidates side by side."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from annotation.models import Membership, Project, Prompt, Video
from annotation.review.in_hand import videos_in_hand
from annotation.scale import DIMENSIONS, Dimension
from scoring.best_of.picks import Picks


@dataclass(frozen=True)
class Tile:
    """One candidate. `place` is None where the scorer ranks it not; `expected` are its scores by dimension."""

    video: Video
    place: int | None
    score: float | None
    confidence: float | None
    expected: list[tuple[Dimension, float | None]]
    human: float | None
    best: bool  # no other candidate is better for humans

    @property
    def pick(self) -> bool:
        return self.place == 1


@dataclass(frozen=True)
class Group:
    """A prompt's candidates, best first, those that are not ranked last."""

    prompt: Prompt
    tiles: list[Tile]


def prompts_in_hand(member: Membership, found: Picks) -> list[int]:
    """Prompts of which this member is rating a video: the places of the others would tell its own."""
    rated = Prompt.objects.filter(videos__in=videos_in_hand(member)).values_list("pk", flat=True)
    return np.intersect1d(found.prompts, np.array(list(rated), np.int64)).tolist()


def wanted_prompts(project: Project, found: Picks, text: str, show: str, hidden: Collection[int]) -> list[int]:
    """Primary keys of the prompts to page through: those with two ranked videos, as far as they match."""
    prompts = found.prompts[~np.isin(found.prompts, list(hidden))]
    if show:
        prompts = prompts[np.isin(prompts, found.judged(show == "right"))]
    if text:
        matching = Prompt.objects.filter(project=project, text__icontains=text).values_list("pk", flat=True)
        prompts = prompts[np.isin(prompts, np.array(list(matching), np.int64))]
    return prompts.tolist()


def gallery(found: Picks, prompts: Collection[int]) -> list[Group]:
    """The groups of these prompts in their order; two queries."""
    videos: dict[int, list[Video]] = {prompt: [] for prompt in prompts}
    for video in Video.objects.filter(prompt__in=prompts).select_related("t2v_model").order_by("name", "pk"):
        videos[video.prompt_id].append(video)
    texts = Prompt.objects.in_bulk(prompts)
    tiles = _tiles(found, {video.pk for several in videos.values() for video in several})
    groups = []
    for pk, several in videos.items():
        made = [Tile(video, *tiles.get(video.pk, _UNRANKED)) for video in several]
        groups.append(Group(texts[pk], sorted(made, key=lambda tile: (tile.place is None, tile.place))))
    return groups


_Said = tuple[int | None, float | None, float | None, list[tuple[Dimension, float | None]], float | None, bool]
_UNRANKED: _Said = (None, None, None, [(dimension, None) for dimension in DIMENSIONS], None, False)


def _tiles(found: Picks, videos: set[int]) -> dict[int, _Said]:
    """What is said about each of these videos that is ranked."""
    r, c = found.ranking, found.loaded.candidates
    said: dict[int, _Said] = {}
    for at in np.flatnonzero(np.isin(c.videos[r.rows], list(videos))).tolist():
        row = int(r.rows[at])
        expected = [(dimension, _known(c.expected[row, d])) for d, dimension in enumerate(DIMENSIONS)]
        numbers = float(r.score[at]), float(r.confidence[at]) or None
        said[int(c.videos[row])] = (
            int(r.places[at]), *numbers, expected, _known(found.human[at]), bool(found.best[at])
        )  # fmt: skip
    return said


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
