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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Self

from django.conf import settings

from annotation.models import Video
from datasets_app.disk import sync
from datasets_app.media import limits
from datasets_app.media.sniff import Refused

CHUNK_BYTES = 1024**2
SYNCED_AT_ONCE = 16  # a disk answers many waits in the time of one
LOCK, HANDED_OVER = "lock", "handed-over.json"


def staging_root() -> Path:
    return Path(settings.MEDIA_ROOT) / "staging"


class Copies:
    """Copies that wait for their rows; a context manager that removes what was not handed over."""

    def __enter__(self) -> Self:
        while True:
            self.folder = staging_root() / uuid.uuid4().hex
            self.folder.mkdir(parents=True)
            self.lock = (self.folder / LOCK).open("wb")
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            if (self.folder / LOCK).exists():
                return self
            self.lock.close()  # somebody who cleared up took it for a dead one's before it was locked

    def __exit__(self, *_: object) -> None:
        remove_orphans(self.folder)
        self.lock.close()

    def copy(self, file: BinaryIO, video: Video) -> str:
        """Copy an open file byte for byte; the video learns the copy's hash and size. Raises `Refused`.

        What is hashed is what is written: a file that changes meanwhile may be torn, but fits its hash.
        """
        folder = f"{self.folder}/{video.public_id.hex}"
        os.mkdir(folder)
        path = f"{folder}/{os.path.basename(video.original.name or '')}"
        digest = hashlib.sha256()
        file.seek(0)
        with open(path, "xb", buffering=0) as copied:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                copied.write(chunk)
                video.bytes += len(chunk)
                if video.bytes > limits.MAX_BYTES:
                    raise Refused(f"The file has more than {limits.MAX_BYTES // 1024**2} MB.")
        video.sha256 = digest.hexdigest()
        return path

    def discard(self, video: Video) -> None:
        """Remove the copy of a video that does not come in."""
        shutil.rmtree(self.folder / video.public_id.hex, ignore_errors=True)

    def hand_over(self, videos: Iterable[Video]) -> None:
        """Move the copies, synced, to where their rows, committed next, will look for them."""
        moved = {video.public_id.hex: video.folder for video in videos}
        if not moved:
            return
        root = Path(settings.MEDIA_ROOT)
        staged = [f"{self.folder}/{name}" for name in moved]
        _sync_all([path for folder in staged for path in (*(entry.path for entry in os.scandir(folder)), folder)])
        with (self.folder / HANDED_OVER).open("w", encoding="utf-8") as note:
            json.dump(moved, note)
            note.flush()
            os.fsync(note.fileno())
        sync(self.folder)
        parents = {(root / folder).parent for folder in moved.values()}
        for parent in parents:
            parent.mkdir(parents=True, exist_ok=True)
        for name, folder in moved.items():
            os.rename(f"{self.folder}/{name}", f"{root}/{folder}")
        _sync_all([*parents, *{parent.parent for parent in parents}])


def _sync_all(paths: Iterable[Path | str]) -> None:
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as syncing:
        for _ in syncing.map(sync, paths):
            pass  # raises what a sync raised


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
    """Remove a process's folder, and the files that it handed over to rows which were never committed."""
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
