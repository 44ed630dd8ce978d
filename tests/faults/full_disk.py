"""A disk that is full: a small tmpfs in the place of a folder of the installation."""

import os
import subprocess
from pathlib import Path

from tests.faults.site import Site

FULL, ROOMY = "2m", "64m"


class SmallDisk:
    """A tmpfs over a folder; `fill` leaves no byte free, `make_room` mounts it larger."""

    def __init__(self, site: Site, folder: Path) -> None:
        assert os.geteuid() == 0, "a tmpfs can only be mounted by root: run this fault as root"
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL},mode=0755", "tmpfs", str(folder)], check=True)
        site.stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=False)

    def fill(self, *, leaving: int = 0) -> None:
        """Write until the disk is full, then give back so many bytes (in steps of 4 KiB)."""
        free = os.statvfs(self.folder)
        with (self.folder / "filler").open("wb") as filler:
            filler.write(b"\0" * max(free.f_bavail * free.f_frsize - leaving, 0))

    def make_room(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", f"remount,size={ROOMY}", str(self.folder)], check=True)

    def files(self) -> list[str]:
        """What lies on it, the filler apart."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and path.name != "filler")
        return sorted(str(path.relative_to(self.folder)) for path in found)
