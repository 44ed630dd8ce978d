"""What a file is, told by its first bytes, before any decoder may look at it. Its name is never believed.

Only mov/mp4, Matroska/WebM and GIF are opened. Everything else is refused with a word that says what it is:
playlists and the like can make a decoder open other files (CVE-2016-1897).
"""

from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 4096


class Refused(Exception):
    """This file is not taken; the message is a sentence for people."""


@dataclass(frozen=True)
class Container:
    """A kind of file that is taken."""

    name: str
    demuxer: str  # the only demuxer that may open it
    content_type: str
    suffix: str


MP4 = Container("mp4", "mov", "video/mp4", ".mp4")
MOV = Container("mov", "mov", "video/quicktime", ".mov")
WEBM = Container("webm", "matroska", "video/webm", ".webm")
MATROSKA = Container("matroska", "matroska", "video/x-matroska", ".mkv")
GIF = Container("gif", "gif", "image/gif", ".gif")
CONTAINERS = {container.name: container for container in (MP4, MOV, WEBM, MATROSKA, GIF)}

AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ", b"F4A ")
IMAGE_BRANDS = (b"heic", b"heix", b"mif1", b"avif", b"avis", b"msf1")
QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

# What a file that is not taken begins with, and what to say about it.
NOT_TAKEN = (
    (b"RIFF", b"AVI ", "an AVI file; convert it to MP4"),
    (b"RIFF", b"WAVE", "a sound file, not a video"),
    (b"RIFF", b"WEBP", "a WebP picture, not a video"),
    (b"#EXTM3U", b"", "a playlist, not a video"),
    (b"ffconcat", b"", "a playlist, not a video"),
    (b"v=0", b"", "a stream description (SDP), not a video"),
    (b"ID3", b"", "a sound file, not a video"),
    (b"\xff\xfb", b"", "a sound file, not a video"),
    (b"\xff\xf3", b"", "a sound file, not a video"),
    (b"\xff\xf1", b"", "a sound file, not a video"),
    (b"OggS", b"", "an Ogg file; convert it to MP4 or WebM"),
    (b"fLaC", b"", "a sound file, not a video"),
    (b"FLV", b"", "a Flash video; convert it to MP4"),
    (b"\x30\x26\xb2\x75", b"", "a Windows Media file; convert it to MP4"),
    (b"\x00\x00\x01\xba", b"", "an MPEG program stream; convert it to MP4"),
    (b"\x00\x00\x01\xb3", b"", "an MPEG video stream; convert it to MP4"),
    (b"PK\x03\x04", b"", "an archive, not a video"),
    (b"\x1f\x8b", b"", "an archive, not a video"),
    (b"7z\xbc\xaf", b"", "an archive, not a video"),
    (b"Rar!", b"", "an archive, not a video"),
    (b"BZh", b"", "an archive, not a video"),
    (b"\xfd7zXZ", b"", "an archive, not a video"),
    (b"\x28\xb5\x2f\xfd", b"", "an archive, not a video"),
    (b"\x89PNG", b"", "a picture, not a video"),
    (b"\xff\xd8\xff", b"", "a picture, not a video"),
    (b"%PDF", b"", "a PDF, not a video"),
)
MARKUP = ((b"<mpd", "a DASH playlist, not a video"), (b"<svg", "an SVG picture, not a video"))


def sniff(file: BinaryIO) -> Container:
    """The container of an open file, by its first bytes; the file is left at its start. Raises `Refused`."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    container = _container(head)
    if container is None:
        raise Refused(f"This is {_word_for(head)}. Videos come as MP4, MOV, WebM, MKV or GIF.")
    return container


def _container(head: bytes) -> Container | None:
    if head[4:8] == b"ftyp" and len(head) >= 16:
        brand = head[8:12]
        if brand in AUDIO_BRANDS:
            raise Refused("This is a sound file: it has no video stream.")
        if brand in IMAGE_BRANDS:
            raise Refused("This is a HEIF or AVIF picture, not a video.")
        return MOV if brand == b"qt  " else MP4
    if head[4:8] in QUICKTIME_ATOMS and len(head) >= 16:
        return MOV
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"\x42\x82\x84webm" in head[:64] else MATROSKA
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return None


def _word_for(head: bytes) -> str:
    if not head:
        return "an empty file"
    for start, at_eight, word in NOT_TAKEN:
        if head.startswith(start) and head[8:12].startswith(at_eight):
            return word
    text = head.lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    if text.startswith((b"#extm3u", b"ffconcat")):
        return "a playlist, not a video"
    if text.startswith(b"<"):
        named = [word for mark, word in MARKUP if mark in text]
        return named[0] if named else "a web page or other markup, not a video"
    if head[257:262] == b"ustar":
        return "an archive, not a video"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "text, not a video"
    return "no kind of video that is known here"
