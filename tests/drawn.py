"""Clips drawn by code for the tests of measures: a textured ground, a striped ball that rolls, and faults."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT, FPS, FRAMES = 192, 144, 12, 24
Pictures = list[np.ndarray]


def draw_pictures(frames: int = FRAMES) -> Pictures:
    """Over a still, sharp, well lit ground a ball rolls to the right while a small one falls."""
    random = np.random.default_rng(3)
    ground = sum(
        cv2.resize(random.integers(0, 256, (HEIGHT // n, WIDTH // n, 3)).astype(np.float32), (WIDTH, HEIGHT)) / 3
        for n in (4, 12, 36)
    )
    pictures = []
    for index in range(frames):
        picture = np.clip(ground, 0, 255).astype(np.uint8)
        x = 30 + round((WIDTH - 60) * index / (frames - 1))
        cv2.circle(picture, (x, 72), 20, (235, 60, 40), -1)
        angle = index / 4
        tip = (round(x + 20 * np.cos(angle)), round(72 + 20 * np.sin(angle)))
        cv2.line(picture, (x, 72), tip, (250, 250, 250), 3)
        cv2.circle(picture, (170, 10 + 5 * index), 9, (40, 60, 235), -1)
        pictures.append(picture)
    return pictures


def write_clip(path: Path, pictures: Pictures, *, fps: int = FPS, codec: str = "libx264") -> Path:
    """Encode pictures (height x width x RGB) nearly without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options={"crf": "12"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def blur(pictures: Pictures) -> Pictures:
    return [cv2.GaussianBlur(picture, (0, 0), 3) for picture in pictures]


def noise(pictures: Pictures) -> Pictures:
    random = np.random.default_rng(5)
    return [np.clip(p + random.normal(0, 25, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def blockiness(pictures: Pictures) -> Pictures:
    """Each 8-pixel block pulled two thirds of the way to its mean."""
    small = [cv2.resize(p, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_AREA) for p in pictures]
    flat = [cv2.resize(s, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST) for s in small]
    return [cv2.addWeighted(p, 0.3, f, 0.7, 0) for p, f in zip(pictures, flat, strict=True)]


def dark(pictures: Pictures) -> Pictures:
    return [(picture * 0.2).astype(np.uint8) for picture in pictures]


def flicker_at(*frames: int) -> Callable[[Pictures], Pictures]:
    def flicker(pictures: Pictures) -> Pictures:
        return [
            np.clip(p.astype(int) + 50, 0, 255).astype(np.uint8) if index in frames else p
            for index, p in enumerate(pictures)
        ]

    return flicker


def freeze(pictures: Pictures) -> Pictures:
    """Nothing moves from frame 8 to frame 16."""
    return [pictures[8] if 8 <= index <= 16 else picture for index, picture in enumerate(pictures)]


def jump(pictures: Pictures) -> Pictures:
    """A cut to a mirrored, recoloured scene in the middle."""
    half = len(pictures) // 2
    return pictures[:half] + [255 - picture[:, ::-1] for picture in pictures[half:]]


def vanish(pictures: Pictures) -> Pictures:
    """The rolling ball is gone from frame 12 on; the ground is taken from where it is not."""
    ground = pictures[-1][:, : WIDTH // 2]
    late = [np.hstack([ground, pictures[0][:, WIDTH // 2 : 155], p[:, 155:]]) for p in pictures[12:]]
    return pictures[:12] + late


def teleport(pictures: Pictures) -> Pictures:
    """The rolling ball is set back by half the way at frame 12, while the small one falls on."""
    return pictures[:12] + [
        np.hstack([early[:, :155], late[:, 155:]])
        for early, late in zip(pictures[:12], pictures[12:], strict=True)
    ]
