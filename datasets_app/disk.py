"""How files are written: in large pieces, and when they are on the disk."""

import os
from pathlib import Path

BUFFER = 2**18  # bytes; a file that gets many small pieces is then written in few large ones


def sync(path: Path) -> None:
    """Make sure that a folder's names, or a file's bytes, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
