"""Small clips drawn by code, for trying scorers out where no real ones are at hand."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

# What the clips show, and unlike sizes and lengths: (prompt, width, height, seconds).
UNLIKE = (
    ("A red ball rolls across a patterned floor.", 320, 240, 2.0),
    ("A blue ball rolls to the right, seen from above.", 480, 272, 3.0),
    ("A yellow ball crosses a dark room.", 240, 320, 4.0),
    ("Two balls meet.", 176, 144, 1.5),
)
FPS = 8


def draw_unlike_clips(folder: Path) -> Iterator[tuple[Path, str]]:
    """Write one clip for each row of `UNLIKE`; their paths and prompts."""
    for number, (prompt, width, height, seconds) in enumerate(UNLIKE):
        path = folder / f"drawn-{number}.mp4"
        write_clip(path, width=width, height=height, seconds=seconds, seed=number)
        yield path, prompt


def write_clip(path: Path, *, width: int, height: int, seconds: float, seed: int = 0, fps: int = FPS) -> None:
    """An H.264 clip of a textured ground that a ball rolls over; sizes in pixels, even."""
    random = np.random.default_rng(seed)
    coarse = random.integers(60, 200, (max(height // 24, 2), max(width // 24, 2), 3)).astype(np.uint8)
    ground = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    colour = tuple(int(value) for value in random.integers(0, 256, 3))
    frames = round(seconds * fps)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            picture = _with_ball(ground, index / max(frames - 1, 1), colour)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _with_ball(ground: NDArray[np.uint8], moment: float, colour: tuple[int, ...]) -> NDArray[np.uint8]:
    height, width = ground.shape[:2]
    picture = ground.copy()
    radius = height // 7
    cv2.circle(picture, (round(radius + (width - 2 * radius) * moment), height // 2), radius, colour, cv2.FILLED)
    return picture
