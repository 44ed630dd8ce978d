"""Open a video and walk through its frames, whatever is broken in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datasets_app.media import limits

# Nothing but the file itself is opened: no network, no playlist, no external track of a mov.
OPEN_OPTIONS = {"protocol_whitelist": "file", "max_pixels": str(limits.MAX_PIXELS)}
MAX_FAULTS = 1_000


class Unusable(Exception):
    """The file cannot be rated as a video; the message is a sentence for people."""


@dataclass
class Damage:
    """What went wrong while decoding."""

    packets: int = 0  # that hold a frame
    frames: int = 0  # that came out
    faults: int = 0  # packets that were refused, and frames marked as damaged


@contextmanager
def open_video(path: str, demuxer: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its first moving-picture stream. Raises `Unusable`."""
    with open(path, "rb") as file, _open_container(file, demuxer) as container:
        streams = [stream for stream in container.streams.video if not is_picture(stream)]
        if not streams:
            raise Unusable("The file has no video stream.")
        check_size(container, streams[0])
        streams[0].codec_context.options = {"max_pixels": str(limits.MAX_PIXELS)}
        streams[0].codec_context.thread_count = 1
        streams[0].codec_context.flags |= Flags.output_corrupt
        yield container, streams[0]


def _open_container(file: BinaryIO, demuxer: str) -> InputContainer:
    try:
        return av.open(file, "r", format=demuxer, options=OPEN_OPTIONS, io_open=refuse_to_open)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unusable(f"The file cannot be opened as a video ({_word(error)}).") from None


def refuse_to_open(url: str, flags: int, options: dict[str, str]) -> BinaryIO:
    """What the library calls when a file names another one."""
    raise Unusable("The file asks to open other files; that is not done.")


def is_picture(stream: VideoStream) -> bool:
    """Whether the stream is a cover picture."""
    return bool(stream.disposition & type(stream.disposition).attached_pic)


def check_size(container: InputContainer, stream: VideoStream) -> None:
    """Refuse what is too large or too long by its own header, before anything is decoded."""
    codec = stream.codec_context
    if codec is None:
        raise Unusable("The video's codec is not known here.")
    if codec.width * codec.height > limits.MAX_PIXELS:
        size = f"{codec.width}x{codec.height}"
        raise Unusable(f"Frames of {size} pixels are too large; 3840x2160 ({limits.MAX_PIXELS}) is the most.")
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.MAX_SECONDS:
        raise Unusable(f"The video lasts {seconds:.0f} seconds; at most {limits.MAX_SECONDS:.0f} are taken.")


def decode(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[VideoFrame]:
    """The frames in the order they are shown; faults are counted in `damage`. Raises `Unusable` past the caps."""
    first: int | None = None
    longest = int(limits.MAX_SECONDS / tick(stream))
    for packet in packets(container, stream):
        damage.packets += packet.size > 0
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            damage.faults += 1
            if damage.faults > MAX_FAULTS:
                raise Unusable("The video is damaged throughout.") from None
            continue
        for frame in frames:
            damage.frames += 1
            damage.faults += bool(frame.is_corrupt)
            if damage.frames > limits.MAX_FRAMES:
                raise Unusable(f"The video has more than {limits.MAX_FRAMES} frames.")
            if frame.width * frame.height > limits.MAX_PIXELS:
                raise Unusable(f"A frame has {frame.width}x{frame.height} pixels; that is too large.")
            time = frame.pts or 0
            first = time if first is None else first
            if time - first > longest:
                raise Unusable(f"The video lasts more than {limits.MAX_SECONDS:.0f} seconds.")
            yield frame


def tick(stream: VideoStream) -> Fraction:
    """Seconds of one step of the stream's own clock, in which its frames give their times."""
    return Fraction(stream.time_base or 1)


def packets(container: InputContainer, stream: VideoStream) -> Iterator[av.Packet]:
    """The stream's packets, the flushing one last. A file that breaks off ends here."""
    try:
        yield from container.demux(stream)
    except av.error.FFmpegError:
        yield av.Packet()


def _word(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:100]
