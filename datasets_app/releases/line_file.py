"""A JSON Lines file that knows its hash, size and number of lines once it is finished."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets_app.disk import BUFFER
from datasets_app.releases.jsonl import dump_line
from datasets_app.releases.release_manifest import FileFacts


class LineFile:
    """Opened on creation; `finish` syncs and closes it, `close` only closes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._file = path.open("wb", BUFFER)

    def write(self, row: Mapping[str, Any]) -> None:
        line = dump_line(row)
        self._file.write(line)
        self._digest.update(line)
        self._bytes += len(line)
        self.lines += 1

    def finish(self) -> FileFacts:
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return FileFacts(self.path.name, self._digest.hexdigest(), self._bytes)

    def close(self) -> None:
        self._file.close()
