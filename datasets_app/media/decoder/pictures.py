"""The poster and the strip of thumbnails."""

from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image

from datasets_app.media import limits
from datasets_app.media.decoder.frames import Damage, Unusable, decode, open_video


def draw_pictures(path: str, demuxer: str, frames: int, folder: Path, damage: Damage) -> int:
    """Write `poster.jpg` and `thumbnails.jpg`; answer the number of tiles. Counts faults in `damage`.

    The poster is the first frame, which is what the player shows before it plays.
    """
    wanted = tile_frames(frames)
    tiles: list[Image.Image] = []
    with open_video(path, demuxer) as (container, stream):
        for index, frame in enumerate(decode(container, stream, damage)):
            if index == 0:
                fit(upright(frame), limits.POSTER_SIDE).save(folder / "poster.jpg", quality=88)
            if index in wanted or (not tiles and index == max(wanted)):
                tiles.append(fit(upright(frame), limits.THUMBNAIL_SIDE))
    if not tiles:
        raise Unusable("No frame of the video can be decoded.")
    join(tiles).save(folder / "thumbnails.jpg", quality=82)
    return len(tiles)


def tile_frames(frames: int) -> set[int]:
    """Frame numbers of the thumbnails: the middle of each of ten equal stretches, or every frame of a few."""
    count = max(min(limits.THUMBNAIL_TILES, frames), 1)
    return {(2 * place + 1) * frames // (2 * count) for place in range(count)}


def join(tiles: list[Image.Image]) -> Image.Image:
    """The tiles side by side, all of the first one's size."""
    width, height = tiles[0].size
    strip = Image.new("RGB", (width * len(tiles), height))
    for place, tile in enumerate(tiles):
        strip.paste(tile if tile.size == (width, height) else tile.resize((width, height)), (width * place, 0))
    return strip


def upright(frame: VideoFrame) -> Image.Image:
    """The frame as it is shown, the file's rotation applied."""
    picture = frame.to_image()
    return picture.rotate(frame.rotation, expand=True) if frame.rotation % 360 else picture


def fit(picture: Image.Image, side: int) -> Image.Image:
    """The picture with its longer side at most `side` pixels."""
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture
