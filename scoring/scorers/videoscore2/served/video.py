"""How a video gets to a server: in the request, as exact frames in it, or by an address that the server can read.

The setting VIDEOSCORE2_SEND_VIDEO is `frames`, `data`, `file`, or the http(s) address of our media folder.
"""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from django.conf import settings as site
from numpy.typing import NDArray
from PIL import Image

from scoring.protocol import ScorerUnavailable, VideoFault
from scoring.scorers.videoscore2.frames import Frames

Video = Callable[[], str]  # gives the address or data URL that is sent, each time it is sent
Sender = Callable[[Path, Frames], Video]


def video_sender(way: str) -> Sender:
    """The way a setting means. Raises `ScorerUnavailable`."""
    if way in SENDERS:
        return SENDERS[way]
    if way.startswith(("http://", "https://")):
        return lambda path, frames: _address(way, path)
    raise ScorerUnavailable(
        f"VIDEOSCORE2_SEND_VIDEO is {way!r}; it must be one of {', '.join(SENDERS)}, or an http address."
    )


def _frames(path: Path, frames: Frames) -> Video:
    """vLLM's form for single frames. It goes by each picture's own form, so that they can be PNG, without loss."""
    pictures = [_png(picture) for picture in frames.pixels.permute(0, 2, 3, 1).numpy()]
    return lambda: "data:video/jpeg;base64," + ",".join(pictures)


def _png(picture: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _data(path: Path, frames: Frames) -> Video:
    """The original, read when it is sent: a batch of them need not lie in memory."""

    def video() -> str:
        try:
            return "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()
        except OSError as error:
            raise VideoFault(f"the file cannot be opened: {error.strerror}", permanent=False) from error

    return video


def _file(path: Path, frames: Frames) -> Video:
    """For a server that sees the same folder, such as vLLM with --allowed-local-media-path."""
    uri = path.resolve().as_uri()
    return lambda: uri


def _address(prefix: str, path: Path) -> Video:
    """Where the server finds the file, if our media folder is served at `prefix`. Raises `VideoFault`."""
    try:
        within = path.resolve().relative_to(Path(site.MEDIA_ROOT).resolve())
    except ValueError:
        raise VideoFault("the file is not in the media folder, so no server can fetch it") from None
    address = f"{prefix.rstrip('/')}/{quote(within.as_posix())}"
    return lambda: address


SENDERS: dict[str, Sender] = {"frames": _frames, "data": _data, "file": _file}
