"""Copy videos into the media folder so that a kill at any moment leaves nothing behind.

Copies wait in a folder of their own until their rows are about to be committed. The folder says which videos it
hands over and is locked while its process lives: a later one removes what a dead one left, and files without a
row with it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Self

from django.conf import settings

from annotation.models import Video
from datasets_app.disk import sync
from datasets_app.media import limits
from datasets_app.media.sniff import Refused

CHUNK_BYTES = 1024**2
LOCK, HANDED_OVER = "lock", "handed-over.json"


def hash_file(file: BinaryIO) -> str:
    """sha256 of an open file, which is left at its start. Raises `Refused` when it is too large."""
    if os.fstat(file.fileno()).st_size > limits.MAX_BYTES:
        raise Refused(f"The file has more than {limits.MAX_BYTES // 1024**2} MB.")
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def staging_root() -> Path:
    return Path(settings.MEDIA_ROOT) / "staging"


class Batch:
    """Copies that wait for their rows; a context manager that removes what was not handed over."""

    def __enter__(self) -> Self:
        self.folder = staging_root() / uuid.uuid4().hex
        self.folder.mkdir(parents=True)
        self.lock = (self.folder / LOCK).open("wb")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        remove_orphans(self.folder)
        self.lock.close()

    def copy(self, file: BinaryIO, video: Video, sha256: str) -> Path:
        """Copy an open file, byte for byte and synced. Raises `Refused` if it is not what was hashed before."""
        path = self.folder / video.public_id.hex / Path(video.original.name or "").name
        path.parent.mkdir()
        digest = hashlib.sha256()
        file.seek(0)
        with path.open("xb") as copied:
            while (chunk := file.read(CHUNK_BYTES)) and copied.tell() <= limits.MAX_BYTES:
                digest.update(chunk)
                copied.write(chunk)
            copied.flush()
            os.fsync(copied.fileno())
        if digest.hexdigest() != sha256:
            raise Refused("The file changed while it was read.")
        return path

    def hand_over(self, videos: Iterable[Video]) -> None:
        """Move the copies to where their rows, committed next, will look for them."""
        moved = {video.public_id.hex: video.folder for video in videos}
        with (self.folder / HANDED_OVER).open("w", encoding="utf-8") as note:
            json.dump(moved, note)
            note.flush()
            os.fsync(note.fileno())
        sync(self.folder)
        for name, folder in moved.items():
            target = Path(settings.MEDIA_ROOT) / folder
            target.mkdir(parents=True, exist_ok=True)
            for copied in (self.folder / name).iterdir():
                copied.rename(target / copied.name)
            sync(target)
            sync(target.parent)


def clear_leftovers() -> int:
    """Remove the folders of dead processes; the number of them."""
    root = staging_root()
    cleared = 0
    for folder in list(root.iterdir()) if root.is_dir() else []:
        try:
            with (folder / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_orphans(folder)
                cleared += 1
        except OSError:
            continue  # alive, just being made, or gone already
    return cleared


def remove_orphans(folder: Path) -> None:
    """Remove a batch's folder, and the files that it handed over to rows which were never committed."""
    note = folder / HANDED_OVER
    if note.exists():
        try:
            moved: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
        except ValueError:
            moved = {}  # killed while writing it: nothing was moved yet
        known = Video.objects.filter(public_id__in=moved).values_list("public_id", flat=True)
        for name in set(moved) - {public_id.hex for public_id in known}:
            shutil.rmtree(Path(settings.MEDIA_ROOT) / moved[name], ignore_errors=True)
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name != LOCK:  # the lock goes last: without it nobody would dare to finish this
            left.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
