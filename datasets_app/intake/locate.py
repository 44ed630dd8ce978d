"""Find the files that a manifest names: inside one folder and nowhere else, or at an address that may be asked."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol

from datasets_app.intake.read_manifest import is_address
from datasets_app.intake.safe_fetch import safe_fetch
from datasets_app.intake.staging import staging_root
from datasets_app.media.sniff import Refused


class Source(Protocol):
    """Where an import takes its videos from."""

    def open(self, name: str) -> BinaryIO:
        """The video that a manifest line names. Raises `Refused`."""
        ...

    def is_fixed(self, name: str) -> bool:
        """Whether the name gives the same, or nothing, however often it is tried."""
        ...


class Folder:
    """Files under a root folder, by their relative path."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def open(self, name: str) -> BinaryIO:
        return open_inside(self.root, name)

    def is_fixed(self, name: str) -> bool:
        return False


class Addresses:
    """Videos from the addresses that a manifest names; whatever is no address from `rest`."""

    def __init__(self, rest: Source) -> None:
        self.rest = rest

    def open(self, name: str) -> BinaryIO:
        if not is_address(name):
            return self.rest.open(name)
        staging_root().mkdir(parents=True, exist_ok=True)
        file = TemporaryFile(dir=staging_root())  # noqa: SIM115  the caller closes it; it never had a name
        try:
            safe_fetch(name, file)
        except BaseException:
            file.close()
            raise
        return file

    def is_fixed(self, name: str) -> bool:
        return not is_address(name) and self.rest.is_fixed(name)


class Uploads:
    """Files that came with the manifest, by their names; anything else from `rest`, where there is one."""

    def __init__(self, folder: Path, stored: Mapping[str, str], rest: Source | None) -> None:
        self.folder, self.stored, self.rest = folder, stored, rest

    def open(self, name: str) -> BinaryIO:
        sent = self.stored.get(PurePosixPath(name).name)
        if sent is not None:
            return open_inside(self.folder, sent)
        if self.rest is not None:
            return self.rest.open(name)
        raise Refused(f"No file named {PurePosixPath(name).name} was sent along.")

    def is_fixed(self, name: str) -> bool:
        return PurePosixPath(name).name in self.stored or self.rest is None


def open_inside(root: Path, name: str) -> BinaryIO:
    """Open a regular file under `root` (which must be resolved). Raises `Refused`.

    A path is opened step by step without following links. Where there is one that stays inside, the path that it
    leads to is opened so: a file exchanged for a link between the check and the opening is refused too.
    """
    path = PurePosixPath(name)
    if path.is_absolute():
        raise Refused("The path is absolute; paths are relative to the import folder.")
    if ".." in path.parts:
        raise Refused("The path leads out of the import folder.")
    try:
        try:
            descriptor = _open_step_by_step(root, path.parts)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):  # what a link gives
                raise
            resolved = (root / path).resolve(strict=True)
            descriptor = _open_step_by_step(root, resolved.relative_to(root).parts)
    except FileNotFoundError:
        raise Refused("There is no such file.") from None
    except ValueError:
        raise Refused("The path leads out of the import folder.") from None
    except (OSError, RuntimeError) as error:
        raise Refused(f"The file cannot be opened ({getattr(error, 'strerror', None) or error}).") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused("This is not a regular file.")
    return os.fdopen(descriptor, "rb")


def _open_step_by_step(root: Path, parts: tuple[str, ...]) -> int:
    """A descriptor of the file; no step may be a link. Opening a pipe does not wait for its writer."""
    step = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for place, part in enumerate(parts):
        is_last = place == len(parts) - 1
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_NONBLOCK if is_last else os.O_DIRECTORY)
        try:
            following = os.open(part, flags, dir_fd=step)
        finally:
            os.close(step)
        step = following
    return step
