"""Grey levels of a video's frames, one frame at a time, in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from scoring.protocol import VideoFault
from scoring.scorers.decode import open_video, pictures


@dataclass(frozen=True)
class Frame:
    """One picture; `luma` is height x width grey levels, 0 to 255."""

    seconds: float  # since the first frame
    luma: NDArray[np.uint8]


def frames_of(path: Path, *, max_frames: int, max_pixels: int, measured_pixels: int) -> Iterator[Frame]:
    """Up to `max_frames` frames in order of presentation; damaged ones are passed over.

    Raises `VideoFault` when the file is missing, no video, too large, or holds no frame that can be decoded.
    """
    count = 0
    with open_video(path, max_pixels=max_pixels) as (container, stream):
        for picture in pictures(container, stream):
            yield _frame(picture, count, measured_pixels)
            count += 1
            if count == max_frames:
                return
    if not count:
        raise VideoFault("the file holds no frame that can be decoded")


def _frame(picture: av.VideoFrame, count: int, measured_pixels: int) -> Frame:
    shrink = min(1.0, (measured_pixels / (picture.width * picture.height)) ** 0.5)
    luma = picture.reformat(
        width=max(1, round(picture.width * shrink)), height=max(1, round(picture.height * shrink)), format="gray"
    )
    seconds = picture.time if picture.time is not None else count / 25
    return Frame(seconds=float(seconds), luma=np.asarray(luma.to_ndarray(), np.uint8))
