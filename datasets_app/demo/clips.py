"""Draws the demo's clips and writes them as H.264 files, the same every time."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import av

from datasets_app.demo.cast import CLIPS, Clip
from datasets_app.demo.pen import HEIGHT, WIDTH, Picture
from datasets_app.demo.scenes import Look


def draw(clip: Clip) -> list[Picture]:
    """The frames of a clip, its model's faults included."""
    frames = []
    for index in range(clip.frames):
        moment = index / max(clip.frames - 1, 1)
        look = Look()
        for fault in clip.faults:
            look = fault.look(moment, look)
        frames.append(clip.prompt.scene(moment, look))
    for fault in clip.faults:
        frames = fault.frames(frames)
    return frames


def write_clip(path: Path, frames: Iterable[Picture], fps: int) -> None:
    """Encode `frames` at `fps`, whole or not at all.

    Without x264's hand-written assembly, whose choices vary from run to run: the bytes are the same each time.
    """
    unfinished = path.with_suffix(".part.mp4")
    with av.open(str(unfinished), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = container.add_stream(
            "libx264", rate=fps, options={"crf": "20", "preset": "veryfast", "x264-params": "asm=0"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    unfinished.replace(path)


def write_clips(folder: Path, *, drawn: Callable[[Clip], None] = lambda clip: None) -> Path:
    """Draw what is not in `folder` yet and write its manifest. Returns the manifest's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for clip in CLIPS:
        path = folder / f"{clip.name}.mp4"
        if not path.exists():
            write_clip(path, draw(clip), clip.prompt.fps)
        drawn(clip)
        rows.append(
            {
                "video": path.name,
                "prompt": clip.prompt.text,
                "t2v_model": clip.model,
                "tier": clip.tier,
                "prompt_source": "demo",
                "drawn_faults": [fault.name for fault in clip.faults],
            }
        )
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest
