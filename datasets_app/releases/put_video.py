"""Put a video's original into a release's folder: hard-linked where the disk allows it, else copied."""

import hashlib
import os
import re
import shutil
from pathlib import Path, PurePosixPath

from django.conf import settings

from datasets_app.disk import sync
from datasets_app.releases.export_options import VideoFiles
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.release_manifest import FileFacts, hash_file
from datasets_app.releases.select_rows import Row

FOLDER = "videos"
_PLAIN_NAME = re.compile(r"\w[\w. -]{0,79}", re.ASCII)


class UnfitFileError(Exception):
    """The stored file cannot be shipped; the message says why in a few words."""


def put_video(row: Row, folder: Path, way: str) -> FileFacts:
    """Put the row's file at `videos/<name><suffix>`, `way` being one of `VideoFiles`, and hash what lies there.

    Raises UnfitFileError when the stored file is gone or no longer the one that was imported.
    """
    source = stored(row)
    path = video_path(row)
    target = folder / path
    target.parent.mkdir(exist_ok=True)
    try:
        _link_or_copy(source, target, link=way == VideoFiles.LINK)
    except FileNotFoundError as error:
        raise UnfitFileError(LeftOut.GONE.value) from error
    sha256, size = hash_file(target)
    if sha256 != row.sha256:
        target.unlink()
        raise UnfitFileError(LeftOut.CHANGED.value)
    return FileFacts(path, sha256, size)


def check_video(row: Row) -> None:
    """Hash the row's file where it is stored. Raises UnfitFileError as `put_video` does."""
    try:
        sha256, _size = hash_file(stored(row))
    except FileNotFoundError as error:
        raise UnfitFileError(LeftOut.GONE.value) from error
    if sha256 != row.sha256:
        raise UnfitFileError(LeftOut.CHANGED.value)


def stored(row: Row) -> Path:
    """The row's file in the media store."""
    return Path(settings.MEDIA_ROOT) / row.file


def video_path(row: Row) -> str:
    """Where the row's file lies, relative to the release's folder."""
    return path_of(row.name, row.file)


def path_of(name: str, file: str) -> str:
    """`videos/<name><suffix>`; a name that is no plain file name is cut down and made unique by its hash."""
    suffix = PurePosixPath(file).suffix
    if _PLAIN_NAME.fullmatch(name):
        return f"{FOLDER}/{name}{suffix}"
    plain = re.sub(r"[^\w-]+", "_", name, flags=re.ASCII)[:60].strip("_")
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{FOLDER}/{plain or 'video'}.{digest}{suffix}"


def _link_or_copy(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:  # another disk, or one without hard links
            pass
        else:
            return
    shutil.copyfile(source, target)
    sync(target)
