"""Watching a whole video once: every frame measured, only the numbers kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.scorers.technical.decode import frames_of
from scoring.scorers.technical.motion import Motion, MotionMeter
from scoring.scorers.technical.picture import Picture, measure_picture

Series = NDArray[np.float64]
STILL = Motion(step=0.0, change=0.0, speed=0.0, unexplained=0.0, blob=0.0)


@dataclass(frozen=True)
class Track:
    """The measures of a video, one number a frame in each series."""

    seconds: Series
    pictures: Mapping[str, Series]  # by field of `Picture`
    motions: Mapping[str, Series]  # by field of `Motion`; the first frame's are zero
    short_side: int  # pixels
    cut_off: bool  # the video is longer than what was watched

    @property
    def frames(self) -> int:
        return len(self.seconds)

    @property
    def frame_seconds(self) -> float:
        """The usual time between two frames."""
        return float(np.median(np.diff(self.seconds))) if self.frames > 1 else 0.0


def watch(path: Path, settings: Mapping[str, Any]) -> Track:
    """Measure every frame up to the settings' limit. Raises `VideoFault`."""
    meter = MotionMeter()
    seconds: list[float] = []
    pictures: list[Picture] = []
    motions: list[Motion] = []
    short_side = 0
    limits = {key: settings[key] for key in ("max_frames", "max_pixels", "measured_pixels")}
    for frame in frames_of(path, **limits):
        seconds.append(frame.seconds)
        pictures.append(measure_picture(frame.luma))
        motions.append(meter.measure(frame) or STILL)
        short_side = short_side or min(frame.luma.shape)
    return Track(
        seconds=np.array(seconds) - seconds[0],
        pictures=_series(pictures),
        motions=_series(motions),
        short_side=short_side,
        cut_off=len(seconds) == settings["max_frames"],
    )


def _series(measures: list[Picture] | list[Motion]) -> dict[str, Series]:
    return {name: np.array([getattr(row, name) for row in measures], np.float64) for name in vars(measures[0])}
