"""Put a video's original into a release's folder: hard-linked where the disk allows it, else copied."""

import hashlib
import os
import re
import shutil
from pathlib import Path, PurePosixPath

from django.conf import settings

from datasets_app.disk import sync
from datasets_app.releases.release_manifest import FileFacts, hash_file
from datasets_app.releases.select_rows import Row

FOLDER = "videos"
_PLAIN_NAME = re.compile(r"\w[\w. -]{0,79}", re.ASCII)


class UnfitFileError(Exception):
    """The stored file cannot be shipped; the message says why in a few words."""


def put_video(row: Row, folder: Path) -> FileFacts:
    """Put the row's file at `videos/<name><suffix>` and hash what lies there.

    Raises UnfitFileError when the stored file is gone or no longer the one that was imported.
    """
    source = Path(settings.MEDIA_ROOT) / row.file
    path = video_path(row)
    target = folder / path
    target.parent.mkdir(exist_ok=True)
    try:
        _link_or_copy(source, target)
    except FileNotFoundError as error:
        raise UnfitFileError("file gone from the store") from error
    sha256, size = hash_file(target)
    if sha256 != row.sha256:
        target.unlink()
        raise UnfitFileError("file changed since it was imported")
    return FileFacts(path, sha256, size)


def video_path(row: Row) -> str:
    """`videos/<name><suffix>`; a name that is no plain file name is cut down and made unique by its hash."""
    suffix = PurePosixPath(row.file).suffix
    if _PLAIN_NAME.fullmatch(row.name):
        return f"{FOLDER}/{row.name}{suffix}"
    plain = re.sub(r"[^\w-]+", "_", row.name, flags=re.ASCII)[:60].strip("_")
    digest = hashlib.sha256(row.name.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{FOLDER}/{plain or 'video'}.{digest}{suffix}"


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, target)
        sync(target)
