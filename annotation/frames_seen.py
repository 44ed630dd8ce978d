"""Which frames a scorer looked at, as pages show them. Pure: the pictures are made elsewhere."""

import math
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from annotation.models import Suggestion

MOST_SHOWN = 64  # of more frames, so many are shown, evenly chosen
TILE_WIDTH, TILE_HEIGHT = 240, 160  # pixels at most
NARROWEST = 0.7  # a tile's width by its height at least: its time has to fit below


@dataclass(frozen=True)
class Frame:
    """One frame: its number in the file from 0, when it is shown, and a moment that players show it at (s)."""

    number: int
    seconds: float
    middle: float
    url: str = ""


@dataclass(frozen=True)
class FramesSeen:
    """What of a scorer's frames is shown. Sizes in pixels: the scorer's, and of a tile in the strip."""

    frames: list[Frame]
    total: int
    width: int
    height: int
    tile_width: int
    tile_height: int
    strip_url: str = ""

    @property
    def strip_width(self) -> int:
        return self.tile_width * len(self.frames)


def frames_of(suggestion: Suggestion) -> FramesSeen | None:
    """What this suggestion's scorer saw; None where it saw every frame. Expects its video to be loaded."""
    address = [suggestion.video.public_id, suggestion.pk]
    return read_saw(suggestion.saw, suggestion.video.fps, "frames-seen", address)


def read_saw(saw: Any, fps: float, view: str, address: list[Any]) -> FramesSeen | None:
    """`saw` as it is stored with a suggestion, with the pictures' addresses; None where it says nothing usable.

    `view` names the strip's address, `address` holds its arguments; a frame's picture is at `<view>-one`.
    """
    numbers, seconds, width, height = _parts(saw)
    if not numbers:
        return None
    places = list(range(len(numbers)))
    if len(numbers) > MOST_SHOWN:
        places = [round(place * (len(numbers) - 1) / (MOST_SHOWN - 1)) for place in range(MOST_SHOWN)]
    frames = [
        Frame(
            number=numbers[place],
            seconds=seconds[place],
            middle=round(seconds[place] + (0.5 / fps if fps > 0 else 0), 4),
            url=reverse(f"{view}-one", args=[*address, nth]),
        )
        for nth, place in enumerate(places)
    ]
    scale = min(TILE_WIDTH / width, TILE_HEIGHT / height, 1)
    tile_height = max(round(height * scale), 1)
    tile_width = max(round(width * scale), math.ceil(NARROWEST * tile_height))
    return FramesSeen(frames, len(numbers), width, height, tile_width, tile_height, reverse(view, args=address))


def _parts(saw: Any) -> tuple[list[int], list[float], int, int]:
    """Numbers, seconds, width and height; no numbers where the four do not fit together."""
    try:
        numbers, seconds = [int(each) for each in saw["frames"]], [float(each) for each in saw["seconds"]]
        width, height = int(saw["width"]), int(saw["height"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return [], [], 1, 1
    fits = len(numbers) == len(seconds) and width > 0 and height > 0 and min(numbers, default=-1) >= 0
    return (numbers if fits and all(map(math.isfinite, seconds)) else []), seconds, width, height
