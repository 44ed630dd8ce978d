"""Opening a video file and walking through its pictures. Every way to fail is a `VideoFault` with a sentence.

PyAV, because OpenCV's reader gives no frame of AV1 and no error either. Files were probed in a limited process
when they came in; nothing but the file itself is opened here either.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from scoring.protocol import VideoFault

CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,gif"


@contextmanager
def open_video(path: Path, *, max_pixels: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and its first video stream. Raises `VideoFault` when it is missing, no video, or too large."""
    try:
        with av.open(
            str(path), options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
        ) as container:
            if not container.streams.video:
                raise VideoFault("the file has no video stream")
            stream = container.streams.video[0]
            if stream.width * stream.height > max_pixels:
                raise VideoFault(f"{stream.width} x {stream.height} pixels are more than can be measured")
            stream.codec_context.options = {"max_pixels": str(max_pixels)}
            stream.codec_context.thread_count = 1  # workers run side by side, one a core
            yield container, stream
    except FileNotFoundError:
        raise VideoFault("the file is not there") from None
    except FFmpegError as error:
        raise VideoFault(f"the file cannot be read as a video: {error.strerror}") from error
    except OSError as error:
        raise VideoFault(f"the file cannot be opened: {error.strerror}", permanent=False) from error


def pictures(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Decoded pictures in order of presentation; a packet that cannot be decoded is passed over."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
