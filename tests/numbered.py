"""Clips whose every frame shows its own number, as the pipeline prepares them, and how to read it from the screen."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from django.conf import settings

from annotation.models import Project, Video
from annotation.models.video import VARIABLE_RATE
from datasets_app.media.decoder.measure import probe
from datasets_app.media.decoder.render import prepare
from datasets_app.media.sniff import CONTAINERS
from tests.make import make_video

BITS, BLOCK = 8, 16  # pixels
SIZE = (160, 96)
READ = """() => {
  const video = document.querySelector("main video"), canvas = (window.canvas ??= document.createElement("canvas"));
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const { data } = context.getImageData(0, 16, 128, 1);
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((number, bit) => number + (data[(bit * 16 + 8) * 4] > 128) * 2 ** bit, 0);
}"""


def draw_numbered(path: Path, times: list[Fraction], *, codec: str = "libx264", **options: str) -> Path:
    """A frame at each of these seconds; its number stands at the top in binary, black and white blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    step = min((later - earlier for earlier, later in pairwise(times)), default=Fraction(1))
    with av.open(str(path), "w", options={"movflags": "+faststart"} | options) as container:
        stream = container.add_stream(codec, rate=1 / step)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = step
        for number, time in enumerate(times):
            picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
            for bit in range(BITS):
                picture[:32, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time / step), step
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def even_times(frames: int, fps: Fraction | int, *, late: int = 0) -> list[Fraction]:
    """`late`: so many steps before the first frame."""
    return [Fraction(number + late) / fps for number in range(frames)]


def make_numbered(
    project: Project, prompt: str, times: list[Fraction], *, container: str = "mp4", **options: str
) -> Video:
    """A ready video with what the probe says of it and what the media worker makes of it."""
    video = make_video(project, prompt, container=container)
    folder = Path(settings.MEDIA_ROOT) / video.folder
    original = draw_numbered(folder / f"original.{container}", times, **options)
    file: dict[str, Any] = {"path": str(original), "demuxer": CONTAINERS[container].demuxer}
    facts = probe(**file)
    made = prepare(**file, container=container, frames=facts["frames"], folder=str(folder))
    for name in ("fps", "frames", "seconds", "width", "height"):
        setattr(video, name, facts[name])
    video.original = f"{video.folder}/{original.name}"
    video.rendition = "" if made["rendition"] == "none" else f"{video.folder}/rendition.mp4"
    video.poster, video.thumbnails = f"{video.folder}/poster.jpg", f"{video.folder}/thumbnails.jpg"
    video.thumbnail_count = made["tiles"]
    video.warnings = [VARIABLE_RATE] if facts["variable_rate"] else []
    video.save()
    return video
