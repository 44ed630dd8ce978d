"""`parquet`: files that Hugging Face `datasets` loads with a `Video` column, the videos' bytes within.

A relative path in a `Video` column is looked up from the reader's working directory, not from the file, so such a
folder would decode on no other machine. The bytes are therefore embedded, uncompressed and without an index of
their own (they are compressed already, and readers may seek in them); `path` is what the file is called beside
other formats, and of Parquet alone no `videos/` is written. A release without files (`videos` = none)
names the paths only. Only this module loads pyarrow, and only the registry of writers names it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.models import Project
from annotation.scale import DIMENSIONS
from datasets_app.releases.export_options import Options, VideoFiles
from datasets_app.releases.jsonl import replace_lone_surrogates
from datasets_app.releases.put_video import stored, video_path
from datasets_app.releases.release_manifest import FileFacts
from datasets_app.releases.select_rows import Row

FOLDER = "parquet"
WHOLE = "train"  # what `datasets` calls data without splits
GROUP_BYTES, GROUP_ROWS = 8 * 2**20, 1000  # a row group: what is held in memory
SHARD_BYTES = 512 * 2**20  # what a download or a reader takes at once
VIDEO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def _columns() -> dict[str, tuple[pa.DataType, dict[str, Any]]]:
    """Each column's Arrow type, and its feature in the words of `datasets`."""
    types: dict[str, pa.DataType] = {"video_name": pa.string(), "video": VIDEO, "prompt": pa.string()}
    types |= dict.fromkeys(("prompt_source", "t2v_model", "tier"), pa.string())
    for dimension in DIMENSIONS:
        types |= {f"{dimension.record_key}_score": pa.int8(), f"{dimension.record_key}_cmt_raw": pa.string()}
    types |= {"thinking": pa.string(), "rationale_source": pa.string(), "policy": pa.string()}
    types |= {"width": pa.int32(), "height": pa.int32(), "fps": pa.float64(), "seconds": pa.float64()}
    types |= {"sha256": pa.string()}
    return {name: (kind, _feature(kind)) for name, kind in types.items()}


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if kind == VIDEO:
        return {"_type": "Video"}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}


COLUMNS = _columns()
FEATURES = {"info": {"features": {name: feature for name, (_, feature) in COLUMNS.items()}}}
SCHEMA = pa.schema(
    [(name, kind) for name, (kind, _) in COLUMNS.items()], metadata={b"huggingface": json.dumps(FEATURES).encode()}
)
PACKED = [name for name in COLUMNS if name != "video"]  # videos are compressed already


class ParquetWriter:
    """One file after the other for each split: `parquet/<split>-00000.parquet`, ..."""

    def __init__(self, project: Project, folder: Path, options: Options) -> None:
        (folder / FOLDER).mkdir()
        self.shards = {split: Shards(folder, split or WHOLE) for split in options.split or [""]}
        self.embed = options.videos != VideoFiles.NONE

    def write(self, row: Row, split: str) -> None:
        content = stored(row).read_bytes() if self.embed else None
        self.shards[split].write(values(row, content), len(content or b""))

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        for split, shards in self.shards.items():
            shards.finish()
            for facts, records in shards.done:
                yield facts, split, records

    def close(self) -> None:
        for shards in self.shards.values():
            shards.close()


def values(row: Row, content: bytes | None) -> dict[str, Any]:
    """One row by column; `content` are the video's bytes, None where only its path is named."""
    scores = {f"{dimension.record_key}_score": row.scores[dimension.key] for dimension in DIMENSIONS}
    comments = {f"{dimension.record_key}_cmt_raw": row.comments[dimension.key] for dimension in DIMENSIONS}
    found = row._asdict() | scores | comments
    found |= {"video_name": row.name, "thinking": row.rationale}
    found |= {"video": {"bytes": content, "path": video_path(row)}}
    return {
        name: replace_lone_surrogates(found[name]) if isinstance(found[name], str) else found[name]
        for name in COLUMNS
    }


class Shards:
    """A split's files, written in row groups so that no more than one is held in memory."""

    def __init__(self, folder: Path, split: str) -> None:
        self.folder, self.split = folder, split
        self.done: list[tuple[FileFacts, int]] = []
        self._group: list[dict[str, Any]] = []
        self._group_bytes = self._records = 0
        self._file: HashedFile | None = None
        self._writer: Any = None

    def write(self, row: dict[str, Any], size: int) -> None:
        """Take one row whose video has `size` bytes."""
        self._group.append(row)
        self._group_bytes += size
        if self._group_bytes >= GROUP_BYTES or len(self._group) >= GROUP_ROWS:
            self._write_group()
            if self._file and self._file.size >= SHARD_BYTES:
                self._finish_shard()

    def finish(self) -> None:
        """Write what is left; a split without any row still gets its file, so that readers find its columns."""
        if self._group or (self._file is None and not self.done):
            self._write_group()
        if self._file:
            self._finish_shard()

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _write_group(self) -> None:
        if self._file is None:
            self._file = HashedFile(self.folder / FOLDER / f"{self.split}-{len(self.done):05d}.parquet")
            self._writer = pq.ParquetWriter(
                self._file,
                SCHEMA,
                compression=dict.fromkeys(PACKED, "zstd") | dict.fromkeys(("video.bytes", "video.path"), "none"),
                use_dictionary=["prompt_source", "t2v_model", "tier", "policy", "rationale_source"],
                write_statistics=PACKED,
            )
        self._writer.write_table(pa.Table.from_pylist(self._group, schema=SCHEMA))
        self._records += len(self._group)
        self._group, self._group_bytes = [], 0

    def _finish_shard(self) -> None:
        assert self._file is not None
        self._writer.close()
        self.done.append((self._file.finish(self.folder), self._records))
        self._file, self._records = None, 0


class HashedFile:
    """A file that knows its hash while it is written; pyarrow writes from front to back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.closed = False
        self._digest = hashlib.sha256()
        self._file: IO[bytes] = path.open("wb")

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += memoryview(data).nbytes
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self.size

    def finish(self, folder: Path) -> FileFacts:
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()
        return FileFacts(str(self.path.relative_to(folder)), self._digest.hexdigest(), self.size)

    def close(self) -> None:
        self._file.close()
        self.closed = True
