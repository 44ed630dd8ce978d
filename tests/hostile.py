"""Files that attack a decoder, made by code."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
DASH = b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>file:///etc/passwd</BaseURL></Period></MPD>'
CONCAT = b"ffconcat version 1.0\nfile '/etc/passwd'\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"


def atom(name: bytes, content: bytes) -> bytes:
    """An MP4 atom."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def swap(data: bytes, name: bytes, make) -> bytes:
    """The MP4 `data` with the first atom of this name replaced by `make(content)`, sizes of its parents mended."""
    at = data.index(name) - 4
    old = struct.unpack(">I", data[at : at + 4])[0]
    new = make(data[at + 8 : at + old])
    mended = bytearray(data[:at] + new + data[at + old :])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        start = data.index(parent) - 4
        size = struct.unpack(">I", data[start : start + 4])[0]
        if start < at < start + size:
            mended[start : start + 4] = struct.pack(">I", size + len(new) - old)
    return bytes(mended)


def with_external_track(clip: bytes, target: Path) -> bytes:
    """The clip, its pictures said to lie in another file (a QuickTime data reference by path)."""
    path = str(target).encode()
    alias = bytearray(150)
    alias[8:10] = struct.pack(">H", 2)
    alias += struct.pack(">hH", 2, len(path)) + path + (b"\0" if len(path) % 2 else b"")
    alias += struct.pack(">hH", 18, len(path)) + path + (b"\0" if len(path) % 2 else b"")
    alias += struct.pack(">hH", -1, 0)
    entry = atom(b"alis", b"\0\0\0\0" + bytes(alias))
    return swap(clip, b"dref", lambda _: atom(b"dref", struct.pack(">II", 0, 1) + entry))


def with_dimensions(clip: bytes, width: int, height: int) -> bytes:
    """The clip, its sample entry said to have these dimensions."""
    at = clip.index(b"avc1", clip.index(b"stsd")) + 4 + 24
    return clip[:at] + struct.pack(">HH", width, height) + clip[at + 4 :]


def with_declared_length(clip: bytes, ticks: int) -> bytes:
    """The clip, whose headers (movie, track and media) say that it lasts so many ticks."""
    mended = bytearray(clip)
    for name, place in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = clip.index(name) + 4 + place
        mended[at : at + 4] = struct.pack(">I", ticks)
    return bytes(mended)


def with_declared_frames(clip: bytes, frames: int) -> bytes:
    """The clip, whose tables of times and sizes say that it has so many frames, all alike."""
    timed = swap(clip, b"stts", lambda _: atom(b"stts", struct.pack(">IIII", 0, 1, frames, 1)))
    return swap(timed, b"stsz", lambda _: atom(b"stsz", struct.pack(">III", 0, 10, frames)))


def nested(depth: int) -> bytes:
    """An MP4 whose index holds boxes in boxes in boxes."""
    inner = b""
    for _ in range(depth):
        inner = atom(b"moov", inner)
    return atom(b"ftyp", b"isom\0\0\0\0isom") + inner


def many_tracks(clip: bytes, tracks: int) -> bytes:
    """The clip's index, with its track repeated."""
    at = clip.index(b"trak") - 4
    track = clip[at : at + struct.unpack(">I", clip[at : at + 4])[0]]
    return swap(clip, b"moov", lambda content: atom(b"moov", content + track * tracks))


def gif(width: int, height: int, frames: int = 1) -> bytes:
    """A GIF of these dimensions, its frames empty."""
    size = struct.pack("<HH", width, height)
    frame = b",\0\0\0\0" + size + b"\0\x02\x02L\x01\0"
    return b"GIF89a" + size + b"\0\0\0" + frame * frames + b";"


def ebml(number: bytes, content: bytes) -> bytes:
    """A Matroska element."""
    return number + (len(content) | 1 << 56).to_bytes(8) + content


def matroska_with_attachment(clip: bytes) -> bytes:
    """The clip, a Matroska file, with a playlist attached that names another file."""
    attached = (
        ebml(b"\x46\x6e", b"list.m3u8") + ebml(b"\x46\x60", b"application/x-mpegurl") + ebml(b"\x46\x5c", HLS)
    )
    return clip + ebml(b"\x19\x41\xa4\x69", ebml(b"\x61\xa7", attached + ebml(b"\x46\xae", b"\1")))


def matroska_linked(path: Path) -> bytes:
    """A Matroska file that has no pictures but says which file comes before it."""
    head = ebml(b"\x1a\x45\xdf\xa3", ebml(b"\x42\x82", b"matroska"))
    named = ebml(b"\x3c\x83\xab", str(path).encode()) + ebml(b"\x3e\x83\xbb", str(path).encode())
    return head + ebml(
        b"\x18\x53\x80\x67", ebml(b"\x15\x49\xa9\x66", ebml(b"\x2a\xd7\xb1", b"\x0f\x42\x40") + named)
    )


def zip_bomb() -> bytes:
    """An archive of ten megabytes of zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clip.mp4", bytes(10 * 1024**2))
    return file.getvalue()


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../clip.mp4"))
    return file.getvalue()


def draw(path: Path, times: list[int], size: tuple[int, int] = (32, 32), **options: str) -> bytes:
    """A clip of grey frames at these milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"} | options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 90, np.uint8), format="rgb24")
        for time in times:
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path.read_bytes()


# The start of an MP4, for what is none.
TABLE_HEAD = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"


def every_file(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    """Name, content and the word of the refusal of each hostile file; "" where it may as well come in, harmless."""
    clip = draw(folder / "base.mp4", list(range(0, 640, 40)))
    mkv = draw(folder / "base.mkv", list(range(0, 640, 40)))
    secret = folder / "secret.mp4"
    secret.write_bytes(clip)
    yield from (
        ("hls.mp4", HLS, "playlist"),
        ("hls-with-bom.mp4", b"\xef\xbb\xbf\r\n" + HLS, "playlist"),
        ("hls-of-this-machine.mp4", HLS.replace(b"file:///etc/passwd", b"http://127.0.0.1:9/"), "playlist"),
        ("hls-behind-an-mp4-head.mp4", TABLE_HEAD + HLS, "cannot be opened"),
        ("concat.mp4", CONCAT, "playlist"),
        ("concat-by-protocol.mp4", b"concat:/etc/passwd|/etc/hosts", "text"),
        ("dash.mp4", DASH, "DASH"),
        ("smil.mp4", b"<smil><body><video src='file:///etc/passwd'/></body></smil>", "markup"),
        ("asx.mp4", b"<asx version='3.0'><entry><ref href='file:///etc/passwd'/></entry></asx>", "markup"),
        ("pls.mp4", b"[playlist]\nFile1=file:///etc/passwd\n", "text"),
        ("sdp.mp4", SDP, "SDP"),
        ("subfile.mp4", b"subfile,,start,0,end,9,,:/etc/passwd", "text"),
        ("xml-bomb.mp4", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><MPD>&a;</MPD>', "DASH"),
        ("avisynth.mp4", b'DirectShowSource("/etc/passwd")', "text"),
        ("external-track.mp4", with_external_track(clip, secret), ""),
        ("attachment.mkv", matroska_with_attachment(mkv), ""),
        ("linked.mkv", matroska_linked(secret), "cannot be opened"),
        ("zip.mp4", zip_bomb(), "archive"),
        ("tar.mp4", tar(), "archive"),
        ("gzip.mp4", b"\x1f\x8b\x08\0" + zlib.compress(bytes(10**6)), "archive"),
        ("zip-behind-a-clip.mp4", clip + zip_bomb(), ""),
        ("gif-and-script.gif", gif(64, 64).replace(b"GIF89a", b"GIF89a/*") + b"*/=1;alert(1)", ""),
        ("html-behind-a-clip.mp4", clip + b"<script>alert(1)</script>", ""),
        ("script.sh", b"#!/bin/sh\ntouch /tmp/owned\n", "text"),
        ("program.mp4", b"\x7fELF" + bytes(60), "no kind of video"),
        ("pickle.mp4", b"\x80\x04\x95" + bytes(60), "no kind of video"),
        ("dimensions-in-the-index.mp4", with_dimensions(clip, 65535, 65535), ""),
        ("dimensions.gif", gif(65535, 65535), "No frame"),
        ("frames.gif", gif(8, 8, frames=25_000), "No frame"),
        ("hours-by-its-word.mp4", with_declared_length(clip, 2**31 - 1), ""),
        ("millions-of-frames-by-its-word.mp4", with_declared_frames(clip, 50_000_000), ""),
        ("nested.mp4", nested(20_000), ""),
        ("thousands-of-tracks.mp4", many_tracks(clip, 4_000), ""),
        ("an-hour-between-frames.mp4", draw(folder / "gap.mp4", [0, 40, 3_600_000]), "seconds"),
        ("boxes-of-no-size.mp4", TABLE_HEAD + b"\0\0\0\0moov" * 1_000, ""),
        ("a-box-of-all-bytes.mp4", TABLE_HEAD + b"\0\0\0\1moov" + b"\xff" * 8, ""),
        ("an-endless-number.mkv", b"\x1a\x45\xdf\xa3" + b"\xff" * 4096, ""),
    )
