"""Measures of a frame against the one before: brightness, change, movement, and what that leaves unexplained."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scoring.scorers.technical.decode import Frame

LONG_SIDE = 160  # pixels at which movement is measured
CELLS = 16  # a side of the grid on which brightness is compared
BLOB = (15, 15)  # pixels: a change of this size is somebody or something
SLACK = np.ones((3, 3), np.uint8)  # a pixel may be explained by its neighbours: flow is not exact


@dataclass(frozen=True)
class Motion:
    """From one frame to the next, in grey levels and pixels of a picture 160 pixels long."""

    step: float  # change of brightness, the middle of the grid's cells
    change: float  # mean absolute difference
    speed: float  # mean length of the flow
    unexplained: float  # mean difference that is left when the flow is undone
    blob: float  # the largest such difference over a blob


@dataclass(frozen=True)
class _View:
    small: NDArray[np.uint8]
    cells: NDArray[np.float32]


class MotionMeter:
    """Takes frames in order; keeps only the last one."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._last: _View | None = None

    def measure(self, frame: Frame) -> Motion | None:
        """The motion since the frame before; None for the first."""
        now, last = _view(frame), self._last
        self._last = now
        if last is None:
            return None
        if last.small.shape != now.small.shape:  # the stream changed its size: nothing to compare
            return None
        return self._between(last, now)

    def _between(self, last: _View, now: _View) -> Motion:
        step = float(np.median(now.cells - last.cells))
        # The stub does not know that None means "no first guess"; an array would be taken for one.
        flow: NDArray[np.float32] = self._flow.calc(now.small, last.small, None)  # type: ignore[call-overload]
        unexplained = _unexplained(last.small, now.small, flow, step)
        return Motion(
            step=step,
            change=float(np.abs(now.small.astype(np.float32) - last.small).mean()),
            speed=float(np.hypot(flow[..., 0], flow[..., 1]).mean()),
            unexplained=float(unexplained.mean()),
            blob=float(cv2.blur(unexplained, BLOB).max()),
        )


def _unexplained(
    last: NDArray[np.uint8], now: NDArray[np.uint8], flow: NDArray[np.float32], step: float
) -> NDArray[np.float32]:
    """How far each pixel lies outside the levels that moving and brightening the last picture puts around it."""
    rows, columns = np.mgrid[0 : now.shape[0], 0 : now.shape[1]].astype(np.float32)
    places = (columns + flow[..., 0], rows + flow[..., 1])
    moved = cv2.remap(last, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lowest = cv2.erode(moved, SLACK).astype(np.float32) + step
    highest = cv2.dilate(moved, SLACK).astype(np.float32) + step
    return np.maximum(0, np.maximum(now - highest, lowest - now)).astype(np.float32)


def _view(frame: Frame) -> _View:
    height, width = frame.luma.shape
    scale = LONG_SIDE / max(height, width)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    cells = cv2.resize(frame.luma, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return _View(small=np.asarray(small, np.uint8), cells=np.asarray(cells, np.float32))
