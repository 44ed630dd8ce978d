"""Drawn clips: moving shapes over a textured background, with a wanted brightness, flicker and tint.

Only the frames that sampling would pick are drawn, and they reach the model as any clip's frames do.
"""

import cv2
import numpy as np
import torch
from qwen_vl_utils.vision_process import VIDEO_MAX_TOKEN_NUM, VIDEO_MIN_TOKEN_NUM, smart_resize
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import resize

from scoring.scorers.videoscore2.stand_in.answers import PLAIN

CELL = 28  # pixels a visual token spans, each way
LUMA = np.array([0.299, 0.587, 0.114])
HUES = {"red": 0, "yellow": 55, "green": 120, "blue": 220}  # degrees


def draw(
    rng: np.random.Generator,
    height: int,
    width: int,
    count: int,
    *,
    luma: float | None = None,
    flicker: float | None = None,
) -> np.ndarray:
    """RGB frames, (count, height, width, 3) uint8: what 2 frames a second would show of one clip.

    `luma` is its mean brightness and `flicker` the change within a pair of frames, 0-255 (drawn where not given).
    """
    scene = _background(rng, height, width)
    frames = np.stack([_with_shapes(scene, shapes) for shapes in _courses(rng, height, width, count)])
    frames = frames * _tint(rng)
    luma = rng.uniform(15, 205) if luma is None else luma
    return _expose(frames, luma, _offsets(rng, count, flicker))


def measure(frames: np.ndarray) -> tuple[float, float, str]:
    """Mean brightness (0-255), mean change of brightness within a pair (0-255), and the colour mostly seen."""
    means = frames.mean((1, 2))
    luma = means @ LUMA
    return float(luma.mean()), float(np.abs(luma[1::2] - luma[::2]).mean()), dominant(means.mean(0))


def dominant(rgb: np.ndarray) -> str:
    """The colour's name by the nearest hue; grey below a saturation of 0.2."""
    if rgb.max() - rgb.min() < 0.2 * rgb.max():
        return PLAIN
    hue = float(cv2.cvtColor((rgb[None, None] / 255).astype(np.float32), cv2.COLOR_RGB2HSV)[0, 0, 0])
    return min(HUES, key=lambda name: abs((hue - HUES[name] + 180) % 360 - 180))


def fit(frames: np.ndarray) -> torch.Tensor:
    """Frames as qwen-vl-utils hands them over: (count, 3, height, width) float 0-255, 128 to 768 tokens a pair."""
    limits = {"min_pixels": VIDEO_MIN_TOKEN_NUM * CELL**2, "max_pixels": VIDEO_MAX_TOKEN_NUM * CELL**2}
    return fit_to(frames, *smart_resize(*frames.shape[1:3], CELL, **limits))


def fit_to(frames: np.ndarray, height: int, width: int) -> torch.Tensor:
    video = torch.from_numpy(frames).permute(0, 3, 1, 2)
    return resize(video, [height, width], InterpolationMode.BICUBIC, antialias=True).float()


def _background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Soft patches of light and colour, stripes in some, grain in most; (height, width, 3) float around 0.5."""
    coarse = rng.integers(2, 12)
    soft = cv2.resize(
        rng.random((coarse, coarse, 3), dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    scene = 0.5 + (soft - 0.5) * rng.uniform(0.1, 1.2) * np.array([1, 0.8, 0.8], np.float32)
    if rng.random() < 0.3:
        step = rng.integers(4, 60)
        scene[(np.arange(height) // step) % 2 == 0] *= rng.uniform(0.5, 1)
    grain = rng.standard_normal((height // 2, width // 2, 1), dtype=np.float32) * rng.uniform(0, 0.25)
    return np.clip(scene + cv2.resize(grain, (width, height))[..., None], 0, 1)


def _courses(rng: np.random.Generator, height: int, width: int, count: int) -> list[list[tuple]]:
    """For each frame the shapes in it: x, y, size in pixels, colour, round or square."""
    shapes = [
        (rng.random(2), rng.normal(0, 0.08, 2), rng.uniform(0.05, 0.3), rng.random(3), rng.random() < 0.5)
        for _ in range(rng.integers(0, 5))
    ]
    span = np.array([width, height])
    return [
        [
            (*((at + n * speed) % 1 * span).astype(int), int(size * height), shade, ball)
            for at, speed, size, shade, ball in shapes
        ]
        for n in range(count)
    ]


def _with_shapes(scene: np.ndarray, shapes: list[tuple]) -> np.ndarray:
    frame = scene.copy()
    for x, y, size, shade, ball in shapes:
        colour = tuple(float(c) for c in shade)
        if ball:
            cv2.circle(frame, (int(x), int(y)), size // 2 + 1, colour, -1)
        else:
            cv2.rectangle(frame, (int(x), int(y)), (int(x) + size, int(y) + size), colour, -1)
    return frame


def _tint(rng: np.random.Generator) -> np.ndarray:
    """Factors for red, green and blue: grey in a third of the clips, else near one of the named hues."""
    saturation = rng.uniform(0, 0.1) if rng.random() < 0.33 else rng.uniform(0.3, 0.85)
    hue = HUES[rng.choice(list(HUES))] + rng.normal(0, 8)
    return cv2.cvtColor(np.array([[[hue % 360, saturation, 1]]], np.float32), cv2.COLOR_HSV2RGB)[0, 0]


def _offsets(rng: np.random.Generator, count: int, flicker: float | None) -> np.ndarray:
    """Offsets of brightness per frame, 0-255: opposite within a pair. Where not given, a quarter has none."""
    if flicker is None:
        flicker = 0.0 if rng.random() < 0.25 else rng.uniform(0, 6.2) ** 2
    steps = flicker * rng.uniform(0.6, 1.4, count // 2) * rng.choice((-1, 1), count // 2)
    return np.stack([-steps / 2, steps / 2], 1).ravel() + rng.normal(0, flicker / 8, count)


def _expose(frames: np.ndarray, luma: float, offsets: np.ndarray) -> np.ndarray:
    """Scale each frame to its wanted mean brightness; bright areas clip as a camera's do."""
    shown = []
    for frame, offset in zip(frames, offsets, strict=True):
        wanted = max(luma + offset, 2.0)
        lit = frame * 255
        for _ in range(3):
            lit = np.clip(lit * (wanted / max(float(lit.mean((0, 1)) @ LUMA), 1.0)), 0, 255)
        shown.append(lit.round().astype(np.uint8))
    return np.stack(shown)
