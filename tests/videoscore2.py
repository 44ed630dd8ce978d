"""VideoScore2 with the stand-in checkpoint, loaded once, and clips of every exposure for it to look at."""

from pathlib import Path

import numpy as np
import pytest

from scoring.registry import load
from scoring.versions import current_settings
from tests.drawn import write_clip

# Mean brightness and change of brightness within a second, of 255: the stand-in's scores follow them.
LIGHTS = [(20, 0), (60, 30), (95, 5), (130, 60), (165, 15), (200, 0), (110, 90), (40, 10)]
SIZES = [(160, 240), (240, 320), (144, 192), (320, 240)]
FRAMES_A_PICTURE = 4  # at 8 frames a second: each drawn picture is what one sample shows


def draw_lit_clip(path: Path, luma: float, flicker: float, *, seed: int = 0, pictures: int = 6) -> Path:
    """A clip of moving shapes with this brightness and flicker; half a second for each picture."""
    from scoring.scorers.videoscore2.stand_in.clips import draw

    height, width = SIZES[seed % len(SIZES)]
    drawn = draw(np.random.default_rng(seed), height, width, pictures, luma=luma, flicker=flicker)
    return write_clip(
        path, [p for picture in drawn for p in [np.ascontiguousarray(picture)] * FRAMES_A_PICTURE], fps=8
    )


@pytest.fixture(scope="session")
def drawn_clips(tmp_path_factory) -> list[Path]:
    """Eight clips of unlike light, size and length."""
    folder = tmp_path_factory.mktemp("lit")
    return [
        draw_lit_clip(folder / f"lit-{nth}.mp4", luma, flicker, seed=nth, pictures=4 + 2 * (nth % 3))
        for nth, (luma, flicker) in enumerate(LIGHTS)
    ]


@pytest.fixture(scope="session")
def videoscore2():
    """The scorer itself, with the stand-in's weights."""
    from scoring.scorers.videoscore2.stand_in import CHECKPOINT

    return load("videoscore2", *current_settings("videoscore2", str(CHECKPOINT)))
