"""What a video is: its frames counted one by one, its rate from their times."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

from av.video.stream import VideoStream

from datasets_app.media.decoder.frames import Damage, Unusable, decode, open_video, tick

SAME_STEP = Fraction(1, 20)  # a step between frames this near the usual one (as a share) is the same step

__all__ = ["Facts", "Unusable", "probe"]


@dataclass(frozen=True)
class Facts:
    """What the probe measured. `width` and `height` in pixels as shown, after rotation; `fps` frames a second."""

    codec: str
    pixel_format: str
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    variable_rate: bool
    changes_size: bool
    faults: int
    undecoded: int  # frames in the file that did not come out


def probe(*, path: str, demuxer: str) -> dict[str, Any]:
    """The `Facts` of a video, by decoding all of it. Raises `Unusable`."""
    damage = Damage()
    with open_video(path, demuxer) as (container, stream):
        times: list[int] = []  # in ticks of the stream's clock
        sizes: set[tuple[int, int]] = set()
        turned = 0
        for frame in decode(container, stream, damage):
            if not times:
                turned = frame.rotation
            times.append(frame.pts or 0)
            sizes.add((frame.width, frame.height))
        if not times:
            raise Unusable("No frame of the video can be decoded.")
        width, height = stream.codec_context.width, stream.codec_context.height
        count = max(len(times), damage.packets) if damage.faults else len(times)
        # Frames are missing from a damaged file: its own word about the rate is better than their times.
        step, is_variable = (1 / declared_rate(stream), False) if damage.faults else measure_steps(times, stream)
        seconds = count * step if damage.faults else (max(times) - min(times)) * tick(stream) + step
        facts = Facts(
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=stream.codec_context.pix_fmt or "",
            width=height if turned % 180 else width,
            height=width if turned % 180 else height,
            fps=round(float(1 / step), 4),
            frames=count,
            seconds=round(float(seconds), 4),
            variable_rate=is_variable,
            changes_size=len(sizes) > 1,
            faults=damage.faults,
            undecoded=count - len(times),
        )
    return asdict(facts)


def declared_rate(stream: VideoStream) -> Fraction:
    """Frames a second by the file's own word; 10 where it has none."""
    return Fraction(stream.average_rate or stream.guessed_rate or 10)


def measure_steps(times: list[int], stream: VideoStream) -> tuple[Fraction, bool]:
    """Seconds from one frame to the next (the mean, where they differ), and whether they differ.

    Containers round times (given in ticks) to their own ticks: a step within a tick of the usual one is the same.
    """
    declared = declared_rate(stream)
    if len(times) < 2:
        return 1 / declared, False
    ordered = sorted(times)
    steps = [later - earlier for earlier, later in pairwise(ordered)]
    usual = Fraction(median(steps))
    room = max(Fraction(1), usual * SAME_STEP)
    mean = Fraction(ordered[-1] - ordered[0], len(steps)) * tick(stream)
    if mean <= 0:
        return 1 / declared, True
    is_variable = any(abs(step - usual) > room for step in set(steps))
    # A rate that the file declares is exact where its times are rounded.
    if not is_variable and abs(mean * declared - 1) < Fraction(1, 200):
        return 1 / declared, False
    return mean, is_variable
