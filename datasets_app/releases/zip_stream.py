"""A folder as a zip file that is made while it is sent: nothing is written to the disk, nothing compressed."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 20
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same for every entry, so that the same folder gives the same bytes


class _Pipe(io.RawIOBase):
    """Takes what zipfile writes and hands it on; zipfile sees that it cannot seek."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, block: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._blocks.append(bytes(block))
        return len(block)

    def take(self) -> bytes:
        taken, self._blocks = b"".join(self._blocks), []
        return taken


def stream_zip(folder: Path, name: str) -> Iterator[bytes]:
    """The zip file in pieces; its entries lie in a folder called `name`, sorted."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{name}/{path.relative_to(folder)}", _MOMENT)
            entry.file_size = path.stat().st_size
            entry.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
                    yield pipe.take()
    yield pipe.take()
