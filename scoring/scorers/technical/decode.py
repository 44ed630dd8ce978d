"""Frames of a video file, one at a time, in constant memory. Every way to fail is a `VideoFault` with a sentence.

PyAV, because OpenCV's reader gives no frame of AV1 and no error either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from scoring.protocol import VideoFault

CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,gif"


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
    try:
        with av.open(
            str(path), options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
        ) as container:
            for picture in _pictures(container, max_pixels):
                yield _frame(picture, count, measured_pixels)
                count += 1
                if count == max_frames:
                    return
    except FileNotFoundError:
        raise VideoFault("the file is not there") from None
    except FFmpegError as error:
        raise VideoFault(f"the file cannot be read as a video: {error.strerror}") from error
    except OSError as error:
        raise VideoFault(f"the file cannot be opened: {error.strerror}", permanent=False) from error
    if not count:
        raise VideoFault("the file holds no frame that can be decoded")


def _pictures(container: av.container.InputContainer, max_pixels: int) -> Iterator[av.VideoFrame]:
    """Decoded pictures of the first video stream; a packet that cannot be decoded is passed over."""
    if not container.streams.video:
        raise VideoFault("the file has no video stream")
    stream = container.streams.video[0]
    if stream.width * stream.height > max_pixels:
        raise VideoFault(f"{stream.width} x {stream.height} pixels are more than can be measured")
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    stream.codec_context.thread_count = 1  # one core a worker process
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _frame(picture: av.VideoFrame, count: int, measured_pixels: int) -> Frame:
    shrink = min(1.0, (measured_pixels / (picture.width * picture.height)) ** 0.5)
    luma = picture.reformat(
        width=max(1, round(picture.width * shrink)), height=max(1, round(picture.height * shrink)), format="gray"
    )
    seconds = picture.time if picture.time is not None else count / 25
    return Frame(seconds=float(seconds), luma=np.asarray(luma.to_ndarray(), np.uint8))
