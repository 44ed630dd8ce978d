"""A folder that appears whole or not at all: written beside its place, synced, renamed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datasets_app.disk import sync


class FolderTakenError(Exception):
    """The place is in use; the message is a sentence for people."""


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside `target`, ours alone while inside; what is left of it afterwards is removed.

    So are the folders above it that were made for it and stay empty. Its name is fixed and it is locked, so that
    what a killed export left is cleared by the next one.
    """
    part = target.parent / f".{target.name}.part"
    above = [folder for folder in part.parents if not folder.exists()]
    handle = _claim(part)
    try:
        _empty(part)
        yield part
    finally:
        if part.exists() and part.stat().st_ino == os.fstat(handle).st_ino:
            shutil.rmtree(part)
        os.close(handle)
        with suppress(OSError):  # not empty: the folder has its name
            for folder in above:
                folder.rmdir()


def clear_staged(target: Path) -> None:
    """Remove what a killed export left, unless another one is at it."""
    if (target.parent / f".{target.name}.part").exists():
        with suppress(FolderTakenError), staged_folder(target):
            pass


def move_into_place(part: Path, target: Path) -> None:
    """Sync the finished folder and give it its name; an empty folder of that name is replaced."""
    for folder, _, _ in os.walk(part):
        sync(Path(folder))
    os.rename(part, target)
    sync(target.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a small file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _claim(part: Path) -> int:
    """A handle that holds the folder's lock. Raises FolderTakenError while another process holds it."""
    while True:
        part.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if part.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except BlockingIOError as error:
            os.close(handle)
            raise FolderTakenError(f"Another export is writing to {part.parent} under this name.") from error
        except FileNotFoundError:
            pass  # the holder has just renamed it: try with a new one
        os.close(handle)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
