"""What a writer of a format does, and the one that most formats need: a JSON Lines file a split."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from datasets_app.releases.export_options import Options
from datasets_app.releases.line_file import LineFile
from datasets_app.releases.release_manifest import FileFacts
from datasets_app.releases.select_rows import Row


class Writer(Protocol):
    """Opened with the release's folder; all rows of one prompt come together and in the same split."""

    def write(self, row: Row, split: str) -> None:
        """Take one row, whose video lies in the folder where the options say so."""

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        """Sync and close: each file, its split ("" when it belongs to none) and how many records it holds."""

    def close(self) -> None:
        """Close what is open, after a failure too."""


class LineWriter:
    """A JSON Lines file a split, a record a row."""

    def __init__(
        self, name: str, folder: Path, options: Options, record: Callable[[Row], Mapping[str, Any]]
    ) -> None:
        self.stems = options.file_stems[name]
        self.files = {split: LineFile(folder / f"{stem}.jsonl") for split, stem in self.stems.items()}
        self.record = record

    def write(self, row: Row, split: str) -> None:
        self.files[split].write(self.record(row))

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        for split, file in self.files.items():
            yield file.finish(), split, file.lines

    def close(self) -> None:
        for file in self.files.values():
            file.close()
