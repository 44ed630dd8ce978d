"""Measures of one frame: how sharp, blocky, noisy and well exposed it is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BLUR_SIDE = 384  # pixels; larger pictures are judged at this shorter side, as a viewer sees them
BLOCK = 8  # pixels
NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
FAINT = 0.3  # grey levels; steps below this are no edges


@dataclass(frozen=True)
class Picture:
    """What one frame measures; units as in the settings' ramps."""

    blur: float
    blocks: float
    noise: float
    darkest: float  # level that 95 % of the pixels exceed
    brightest: float  # level that 5 % of the pixels exceed


def measure_picture(luma: NDArray[np.uint8]) -> Picture:
    """Measures of a height x width picture of grey levels."""
    darkest, brightest = np.percentile(luma, (5, 95))
    return Picture(
        blur=_blur(luma),
        blocks=_blocks(luma),
        noise=_noise(luma),
        darkest=float(darkest),
        brightest=float(brightest),
    )


def _blur(luma: NDArray[np.uint8]) -> float:
    """0 (sharp) to 1: the share of its edges that a second blur leaves (Crete-Roffet and others, 2007)."""
    shrink = BLUR_SIDE / min(luma.shape)
    if shrink < 1:
        luma = np.asarray(cv2.resize(luma, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    levels = luma.astype(np.float32)
    shares = []
    for axis, kernel in ((1, (9, 1)), (0, (1, 9))):
        edges = np.abs(np.diff(levels, axis=axis))
        left = np.abs(np.diff(cv2.blur(levels, kernel), axis=axis))
        total = float(edges.sum())
        shares.append(float(np.minimum(edges, left).sum()) / total if total > FAINT * edges.size / 100 else 0.0)
    return max(shares)


def _blocks(luma: NDArray[np.uint8]) -> float:
    """1 where the codec's 8-pixel grid does not show, 2 where steps on it are twice the strongest between."""
    ratios = []
    for axis in (0, 1):
        lines = np.abs(np.diff(luma.astype(np.float32), axis=axis)).mean(axis=1 - axis)
        whole = len(lines) // BLOCK * BLOCK
        if whole < 2 * BLOCK:
            return 1.0
        by_place = lines[:whole].reshape(-1, BLOCK).mean(axis=0)
        ratios.append(by_place[-1] / (by_place[:-1].max() + FAINT))
    return float(min(ratios))


def _noise(luma: NDArray[np.uint8]) -> float:
    """Standard deviation of the noise in grey levels (Immerkaer, 1996, with the median for robustness)."""
    response = np.abs(cv2.filter2D(luma.astype(np.float32), -1, NOISE_KERNEL))
    return float(np.median(response)) / 0.6745 / 6
