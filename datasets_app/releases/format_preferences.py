"""`preferences`: pairs of one prompt's videos, the better one first, for reward models and for DPO.

A line is a pair: `prompt`, `chosen`, `rejected` (paths in the folder) with the score of each and their difference
under `margin`, which are the names that trainers of preferences read (TRL takes a `margin` of just that meaning).
Every two videos of a prompt that are at least the margin apart make a pair, as reward models want; `best_worst`
marks the one of a prompt that text-to-video DPO usually takes. `source` says whose scores they are.
LLaMA-Factory is told nothing of this file: its rankings compare answers about a video, not videos.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from annotation.models import Project
from annotation.scale import DIMENSIONS
from datasets_app.models import ReleaseFormat
from datasets_app.releases.export_options import Options
from datasets_app.releases.line_file import LineFile
from datasets_app.releases.put_video import video_path
from datasets_app.releases.release_manifest import FileFacts
from datasets_app.releases.select_rows import Row

DECIMALS = 4
HUMAN, MODEL = "human", "model"


@dataclass(frozen=True)
class Clip:
    """One side of a pair. `scores` are by dimension key, None where nothing was said; `score` is what decides."""

    path: str
    name: str
    score: float
    scores: Mapping[str, float | None]


def pairs(prompt: str, clips: Sequence[Clip], margin: float, **said: Any) -> Iterator[dict[str, Any]]:
    """One prompt's pairs at least `margin` apart, the best video's first; equal scores make no pair.

    `said` is put at the end of each pair.
    """
    best_first = sorted(clips, key=lambda clip: (-clip.score, clip.name))
    for chosen, rejected in combinations(best_first, 2):
        gap = round(chosen.score - rejected.score, DECIMALS)
        if gap > 0 and gap >= margin:
            yield {
                "prompt": prompt,
                "chosen": chosen.path,
                "rejected": rejected.path,
                "chosen_score": round(chosen.score, DECIMALS),
                "rejected_score": round(rejected.score, DECIMALS),
                "margin": gap,
                "chosen_scores": _by_record_key(chosen.scores),
                "rejected_scores": _by_record_key(rejected.scores),
                "best_worst": chosen is best_first[0] and rejected is best_first[-1],
                **said,
            }


def _by_record_key(scores: Mapping[str, float | None]) -> dict[str, float | None]:
    """Under the keys of records."""
    found = {f"{dimension.record_key}_score": scores[dimension.key] for dimension in DIMENSIONS}
    return {key: None if score is None else round(score, DECIMALS) for key, score in found.items()}


class PreferencesWriter:
    """Pairs by the mean of the exact scores; holds the rows of one prompt, which come together."""

    def __init__(self, project: Project, folder: Path, options: Options) -> None:
        stems = options.file_stems[ReleaseFormat.PREFERENCES]
        self.files = {split: LineFile(folder / f"{stem}.jsonl") for split, stem in stems.items()}
        self.margin = options.margin
        self.prompt, self.split = "", ""
        self.clips: list[Clip] = []

    def write(self, row: Row, split: str) -> None:
        if row.prompt != self.prompt:
            self._write_pairs()
            self.prompt, self.split = row.prompt, split
        score = sum(row.exact.values()) / len(row.exact)
        self.clips.append(Clip(video_path(row), row.name, score, row.exact))

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        self._write_pairs()
        for split, file in self.files.items():
            yield file.finish(), split, file.lines

    def close(self) -> None:
        for file in self.files.values():
            file.close()

    def _write_pairs(self) -> None:
        for pair in pairs(self.prompt, self.clips, self.margin, source=HUMAN):
            self.files[self.split].write(pair)
        self.clips = []
