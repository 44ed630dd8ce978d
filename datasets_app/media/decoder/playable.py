"""Whether browsers play a file as it is."""

from typing import BinaryIO

from datasets_app.media.decoder.frames import open_video

EIGHT_BIT_420 = ("yuv420p", "yuvj420p")
WEBM_CODECS = ("vp8", "vp9", "av1")
MP4_CODECS = ("h264", "vp9", "av1")
MAX_ATOMS = 10_000


def plan_rendition(path: str, demuxer: str, container: str, *, is_damaged: bool) -> str:
    """`none` where browsers play the original, `copied` where another container is enough, else `encoded`."""
    with open_video(path, demuxer) as (_, stream):
        codec = stream.codec_context.codec.canonical_name
        is_plain = stream.codec_context.pix_fmt in EIGHT_BIT_420 and not is_damaged
    if is_plain and container == "webm" and codec in WEBM_CODECS:
        return "none"
    if is_plain and container == "mp4" and codec in MP4_CODECS and starts_with_index(path):
        return "none"
    return "copied" if is_plain and codec == "h264" else "encoded"


def starts_with_index(path: str) -> bool:
    """Whether an MP4's index (moov) comes before its pictures (mdat), so that playing starts before the end."""
    with open(path, "rb") as file:
        for _ in range(MAX_ATOMS):
            name, size = read_atom(file)
            if name in (b"moov", b"mdat", b""):
                return name == b"moov"
            file.seek(size, 1)
    return False


def read_atom(file: BinaryIO) -> tuple[bytes, int]:
    """Name and remaining bytes of the atom at the file's position; an empty name at the end."""
    head = file.read(8)
    if len(head) < 8:
        return b"", 0
    size, used = int.from_bytes(head[:4], "big"), 8
    if size == 1:
        size, used = int.from_bytes(file.read(8), "big"), 16
    return (head[4:], size - used) if size >= used else (b"", 0)
