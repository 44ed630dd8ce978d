"""The very frames that a scorer looked at, in the size that it saw them in."""

from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from PIL import Image

from datasets_app.media import limits
from datasets_app.media.decoder.frames import Damage, Unusable, decode, open_video
from datasets_app.media.decoder.pictures import join

SURROUND = (128, 128, 128)


def draw_seen(
    *, path: str, demuxer: str, frames: list[int], size: list[int], tile: list[int], folder: str
) -> dict[str, Any]:
    """Write `0.jpg`, `1.jpg` ... and, side by side in tiles, `strip.jpg` into `folder`.

    `frames` counts from 0 in the order they are shown and may repeat; `size` and `tile` are (width, height) in
    pixels. Answers the number of pictures. Raises `Unusable` where a frame is not there.
    """
    check(frames, size, tile)
    places: dict[int, list[int]] = {}
    for place, index in enumerate(frames):
        places.setdefault(index, []).append(place)
    tiles: dict[int, Image.Image] = {}
    with open_video(path, demuxer) as (container, stream):
        for index, frame in enumerate(decode(container, stream, Damage())):
            for place in places.get(index, []):
                picture = as_seen(frame, size[0], size[1])
                picture.save(Path(folder) / f"{place}.jpg", quality=92, subsampling=0)
                tiles[place] = shrink(picture, tile[0], tile[1])
            if index >= max(frames):
                break
    if len(tiles) < len(frames):
        raise Unusable("The video has fewer frames than the scorer says it saw.")
    join([tiles[place] for place in range(len(frames))]).save(Path(folder) / "strip.jpg", quality=85)
    return {"pictures": len(tiles)}


def check(frames: list[int], size: list[int], tile: list[int]) -> None:
    """Refuse what no scorer sees. Raises `Unusable`."""
    if not 0 < len(frames) <= limits.SEEN_FRAMES or not all(0 <= index < limits.MAX_FRAMES for index in frames):
        raise Unusable("Frames of these numbers are not drawn.")
    for width, height in (size, tile):
        if width < 1 or height < 1 or width * height > limits.MAX_PIXELS:
            raise Unusable("Pictures of this size are not drawn.")


def as_seen(frame: VideoFrame, width: int, height: int) -> Image.Image:
    """The frame in the scorer's size; turned as the file says only where the scorer saw it turned."""
    picture = frame.to_image()
    if frame.rotation % 180 and (width > height) != (picture.width > picture.height):
        picture = picture.rotate(frame.rotation, expand=True)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def shrink(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The whole picture in the middle of a tile of this size."""
    small = picture.copy()
    small.thumbnail((width, height), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (width, height), SURROUND)
    tile.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
    return tile
