"""The copy that plays in browsers where the original does not, beside poster and thumbnails."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from datasets_app.media import limits
from datasets_app.media.decoder.frames import Damage, Unusable, decode, open_video
from datasets_app.media.decoder.measure import declared_rate
from datasets_app.media.decoder.pictures import draw_pictures
from datasets_app.media.decoder.playable import plan_rendition

FASTSTART = {"movflags": "+faststart"}
SOUND_IN_MP4 = ("aac", "mp3", "opus")
# Near what the eye can tell: raters judge the video, and must not judge our copy of it.
ENCODER_OPTIONS = {"crf": "13", "preset": "veryfast", "bf": "0"}
BT709 = 1  # AVColorSpace


def prepare(*, path: str, demuxer: str, container: str, frames: int, folder: str) -> dict[str, Any]:
    """Write `poster.jpg`, `thumbnails.jpg` and, where browsers need it, `rendition.mp4` into `folder`.

    `frames` is what the probe counted. Answers the number of tiles and how the rendition was made: `none`,
    `copied` (the same pictures in another container) or `encoded`. Raises `Unusable`.
    """
    damage = Damage()
    tiles = draw_pictures(path, demuxer, frames, Path(folder), damage)
    plan = plan_rendition(path, demuxer, container, is_damaged=damage.faults > 0)
    sound_is_kept = True
    if plan != "none":
        write = copy if plan == "copied" else encode
        with (
            open_video(path, demuxer) as (source, stream),
            av.open(str(Path(folder) / "rendition.mp4"), "w", options=FASTSTART) as sink,
        ):
            sound = find_sound(source)
            sound_is_kept = sound is not None or not source.streams.audio
            write(source, stream, sound, sink)
    return {"tiles": tiles, "rendition": plan, "sound_is_kept": sound_is_kept}


def find_sound(source: InputContainer) -> AudioStream | None:
    """The sound that an MP4 can hold as it is."""
    for stream in source.streams.audio:
        if stream.codec_context and stream.codec_context.codec.canonical_name in SOUND_IN_MP4:
            return stream
    return None


def copy(source: InputContainer, stream: VideoStream, sound: AudioStream | None, sink: OutputContainer) -> None:
    """The same pictures in an MP4 that starts with its index."""
    copies = {each.index: sink.add_stream_from_template(each) for each in (stream, sound) if each}
    for packet in with_decode_times(source.demux([each for each in (stream, sound) if each]), stream):
        packet.stream = copies[packet.stream.index]
        sink.mux(packet)


def with_decode_times(packets: Iterable[av.Packet], stream: VideoStream) -> Iterator[av.Packet]:
    """The packets, each with a time to decode it at: Matroska has none for the first of reordered frames."""
    early: list[av.Packet] = []
    for packet in packets:
        if packet.size and packet.dts is None and packet.stream.index == stream.index:
            early.append(packet)
        elif packet.dts is not None:
            if early and packet.stream.index == stream.index:
                for place, waiting in enumerate(early):
                    waiting.dts = packet.dts - (len(early) - place) * max(waiting.duration or 1, 1)
                yield from early
                early = []
            yield packet


def encode(source: InputContainer, stream: VideoStream, sound: AudioStream | None, sink: OutputContainer) -> None:
    """H.264, yuv420p, even dimensions, upright, from time zero; every frame keeps its number and its time."""
    frames = decode(source, stream, Damage())
    first = next(frames, None)
    if first is None:
        raise Unusable("No frame of the video can be decoded.")
    # Where the first frames are lost, the first that is left stands in for them.
    start = min(first.pts or 0, stream.start_time if stream.start_time is not None else first.pts or 0)
    last = -1
    size = flat(first)
    picture = add_picture(sink, stream, size)
    voice = sink.add_stream_from_template(sound) if sound else None
    for frame in chain([first], frames):
        image = flat(frame).reformat(width=size.width, height=size.height)
        last = image.pts = 0 if frame is first else max((frame.pts or 0) - start, last + 1)
        image.time_base = first.time_base
        sink.mux(picture.encode(image))
    sink.mux(picture.encode(None))
    if sound and voice:
        copy_sound(source, sound, voice, sink, seconds=start * Fraction(first.time_base or 1))


def add_picture(sink: OutputContainer, stream: VideoStream, image: VideoFrame) -> VideoStream:
    """The stream to encode into, of this image's size and colours."""
    rate = declared_rate(stream).limit_denominator(1001)
    picture = sink.add_stream("libx264", rate=rate, options=ENCODER_OPTIONS)
    picture.width, picture.height, picture.pix_fmt = image.width, image.height, "yuv420p"
    coder = picture.codec_context
    coder.time_base = Fraction(stream.time_base or Fraction(1, 1000))
    coder.gop_size = max(round(rate), 1)  # a step back decodes a second of video at most
    coder.thread_count = limits.ENCODER_THREADS
    coder.color_range = ColorRange.MPEG
    coder.colorspace = image.colorspace
    coder.color_primaries = image.color_primaries
    coder.color_trc = image.color_trc
    if stream.sample_aspect_ratio:
        coder.sample_aspect_ratio = stream.sample_aspect_ratio
    return picture


def flat(frame: VideoFrame) -> VideoFrame:
    """The frame in yuv420p, upright, with even sides: an odd last row or column is left out."""
    is_rgb = frame.format.is_rgb or frame.format.has_palette
    colours = {
        "src_color_range": frame.color_range,
        "dst_color_range": ColorRange.MPEG,
        "dst_colorspace": Colorspace.ITU709 if is_rgb else None,
    }
    turns = frame.rotation // 90 % 4
    if not turns and frame.width % 2 == 0 and frame.height % 2 == 0:
        return tagged(frame.reformat(format="yuv420p", **colours), frame, is_rgb=is_rgb)
    upright: NDArray[np.uint8] = frame.reformat(format="yuv444p", **colours).to_ndarray().astype(np.uint8)
    planes = np.rot90(upright, turns, axes=(1, 2))
    height, width = planes.shape[1] // 2 * 2, planes.shape[2] // 2 * 2
    if not (height and width):
        raise Unusable("The frames are one pixel wide or high.")
    image = VideoFrame.from_ndarray(np.ascontiguousarray(planes[:, :height, :width]), format="yuv444p")
    limited = {"src_color_range": ColorRange.MPEG, "dst_color_range": ColorRange.MPEG}
    return tagged(image.reformat(format="yuv420p", **limited), frame, is_rgb=is_rgb)


def tagged(image: VideoFrame, frame: VideoFrame, *, is_rgb: bool) -> VideoFrame:
    """Say which colours the image holds: those of the frame, or BT.709 where they came from RGB."""
    image.colorspace = BT709 if is_rgb else frame.colorspace
    image.color_range = ColorRange.MPEG
    return image


def copy_sound(
    source: InputContainer, sound: AudioStream, voice: AudioStream, sink: OutputContainer, *, seconds: Fraction
) -> None:
    """The sound as it is, moved by as much as the pictures were."""
    source.seek(0)
    shift = round(seconds / Fraction(sound.time_base or 1))
    for packet in source.demux(sound):
        if packet.dts is not None and packet.pts is not None and packet.pts >= shift:
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = voice
            sink.mux(packet)
