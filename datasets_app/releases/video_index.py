"""`videos.jsonl`: one short line a video of every release, whatever its formats.

Which video is in which split with which scores can then be read, searched and compared with another release
without knowing the formats (`compare_releases`). `text_sha256` changes with the prompt, a comment or the
rationale.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotation.scale import DIMENSIONS
from datasets_app.releases.line_file import LineFile
from datasets_app.releases.release_manifest import FileFacts
from datasets_app.releases.select_rows import Row

INDEX = "videos.jsonl"
SCORE_KEYS = tuple(f"{dimension.record_key}_score" for dimension in DIMENSIONS)


class VideoIndex:
    """Opened with the release's folder."""

    def __init__(self, folder: Path) -> None:
        self.file = LineFile(folder / INDEX)

    def add(self, row: Row, split: str, formats: Iterable[str]) -> None:
        """Note a video that these formats took."""
        self.file.write(line(row, split, formats))

    def finish(self) -> Iterator[FileFacts]:
        yield self.file.finish()

    def close(self) -> None:
        self.file.close()


def line(row: Row, split: str, formats: Iterable[str]) -> dict[str, Any]:
    """A video's line; `split` is "" where there are none."""
    scores = {f"{dimension.record_key}_score": row.scores[dimension.key] for dimension in DIMENSIONS}
    rationales = dict.fromkeys([row.rationale, row.human_rationale])  # mostly one
    texts = "\0".join([row.prompt, *row.comments.values(), *rationales])
    return {
        "video_name": row.name,
        "split": split,
        **scores,
        "policy": row.policy,
        "rationale_source": row.rationale_source,
        "formats": list(formats),
        "text_sha256": hashlib.sha256(texts.encode("utf-8", "replace")).hexdigest(),
        "sha256": row.sha256,
    }
