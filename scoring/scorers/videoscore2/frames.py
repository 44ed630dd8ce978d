"""The frames that VideoScore2 looks at, chosen and resized by qwen-vl-utils as the official script has it done.

Only the reading is ours: of the library's own readers decord is old and knows no AV1, and torchvision's is
gone. Whatever is wrong with a file is a `VideoFault` before the library sees it.
"""

from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import torch

from scoring.protocol import Saw, VideoFault
from scoring.scorers.decode import open_video, pictures
from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators

declare_operators()

from qwen_vl_utils import vision_process  # noqa: E402

MAX_PIXELS = 3840 * 2160
MAX_BYTES = 1 << 30  # of one video's frames before they are resized: 80 s of 1080p at 2 frames a second
READER = "pyav"


@dataclass(frozen=True)
class Frames:
    """Sampled and resized frames: uint8 [frames, 3, height, width], and where in the file they are from."""

    pixels: torch.Tensor
    saw: Saw


def sample_frames(path: Path, fps: float) -> Frames:
    """About `fps` frames a second, an even number from the first frame to the last. Raises `VideoFault`."""
    pixels, found = vision_process.fetch_video(
        {"video": str(path), "fps": fps, "read": read_video(path, fps)}, return_video_metadata=True
    )
    height, width = pixels.shape[-2:]
    saw = Saw(tuple(found["frames_indices"]), tuple(found["seconds"]), width, height)
    return Frames(pixels.to(torch.uint8), saw)  # whole numbers already: the library resizes bytes


def read_video(path: Path, fps: float) -> tuple[torch.Tensor, dict[str, Any], float]:
    """What a reader of qwen-vl-utils gives: bytes [frames, 3, height, width], facts, and frames a second.

    Which frames they are is the library's rule, on a count of frames that can be decoded. Raises `VideoFault`.
    """
    total, rate = _count(path)
    while True:
        chosen = _choose(total, rate, fps)
        kept, seconds, decoded = _decode(path, set(chosen))
        if decoded >= total:
            break
        total = decoded  # some packets hold no frame that can be shown
    picture = torch.stack([torch.from_numpy(kept[at]) for at in chosen])
    facts = {
        "fps": rate,
        "frames_indices": chosen,
        "seconds": [seconds[at] for at in chosen],
        "total_num_frames": total,
        "video_backend": READER,
    }
    return picture.permute(0, 3, 1, 2), facts, len(chosen) / total * rate


def _count(path: Path) -> tuple[int, float]:
    """How many frames the file says to hold, and how many are shown a second."""
    with open_video(path, max_pixels=MAX_PIXELS) as (container, stream):
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        total = sum(1 for packet in container.demux(stream) if packet.size)
    if not rate:
        raise VideoFault("the file does not say how fast it plays")
    return total, rate


def _choose(total: int, rate: float, fps: float) -> list[int]:
    try:
        frames = vision_process.smart_nframes({"fps": fps}, total_frames=total, video_fps=rate)
    except ValueError:
        raise VideoFault(f"the video has {total} frames that can be decoded; at least 2 are needed") from None
    return [int(at) for at in torch.linspace(0, total - 1, frames).round().long()]


def _decode(path: Path, wanted: set[int]) -> tuple[dict[int, Any], dict[int, float], int]:
    """The wanted frames as RGB arrays, when each is shown (seconds from the first), and how many there are."""
    kept: dict[int, Any] = {}
    seconds: dict[int, float] = {}
    count, first = 0, 0.0
    with open_video(path, max_pixels=MAX_PIXELS) as (container, stream):
        if len(wanted) * stream.width * stream.height * 3 > MAX_BYTES:
            raise VideoFault(
                f"{len(wanted)} frames of {stream.width} x {stream.height} are more than can be looked at"
            )
        for picture in pictures(container, stream):
            shown = float(picture.time or 0)
            first = shown if count == 0 else first
            if count in wanted:
                kept[count] = picture.to_ndarray(format="rgb24")
                seconds[count] = round(shown - first, 3)
            count += 1
    return kept, seconds, count


def _hand_over(part: dict[str, Any]) -> tuple[torch.Tensor, dict[str, Any], float]:
    """The library's reader: what was read before, or else reads the file now."""
    already: tuple[torch.Tensor, dict[str, Any], float] | None = part.get("read")
    return already or read_video(Path(part["video"]), part["fps"])


vision_process.VIDEO_READER_BACKENDS[READER] = _hand_over
vision_process.FORCE_QWENVL_VIDEO_READER = READER
with redirect_stderr(StringIO()):  # the library prints its choice, once
    vision_process.get_video_reader_backend()
