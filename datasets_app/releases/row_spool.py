"""A scratch file of rows: read from the database in one go, written to the release at the pace of its videos."""

import marshal
from collections.abc import Iterator
from pathlib import Path

from datasets_app.disk import BUFFER
from datasets_app.releases.select_rows import Row

_LENGTH = 8  # bytes


class RowSpool:
    """Takes rows, then gives them back in order. Three times as fast as JSON, and no one else ever reads it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", BUFFER)

    def write(self, row: Row) -> None:
        content = marshal.dumps(tuple(row))
        self._file.write(len(content).to_bytes(_LENGTH))
        self._file.write(content)

    def rows(self) -> Iterator[Row]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH):
            yield Row(*marshal.loads(self._file.read(int.from_bytes(length))))  # noqa: S302 - written just now, by us

    def close(self) -> None:
        self._file.close()
