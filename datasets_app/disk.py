"""Wait until what was written is on the disk."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make sure that a folder's names, or a file's bytes, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
