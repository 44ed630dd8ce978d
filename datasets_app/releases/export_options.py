"""What may be asked of an export, and what it reports back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from datasets_app.models import ReleaseFormat
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import check_split


class ExportError(Exception):
    """The dataset cannot be written as asked; the message is a sentence for people."""


@dataclass(frozen=True)
class Options:
    """What is asked of an export; ExportError when it makes no sense.

    `rationale` "" takes the imported one where there is one, else the experts'. `split` holds shares by name, the
    largest first whatever order they came in (a JSON column keeps none); none of them gives one file.
    """

    format: str
    no_cot: bool = False
    rationale: str = ""
    split: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.format not in ReleaseFormat.values:
            raise ExportError(f"There is no format {self.format!r}, only {', '.join(ReleaseFormat.values)}.")
        if self.rationale and self.rationale not in RationaleSource.values:
            raise ExportError(
                f"There is no rationale {self.rationale!r}, only {', '.join(RationaleSource.values)}."
            )
        if self.no_cot and self.format != ReleaseFormat.SFT:
            raise ExportError("Only the sft format has a form without reasoning.")
        if self.split:
            try:
                check_split(self.split)
            except ValueError as error:
                raise ExportError(str(error)) from error
        largest_first = sorted(self.split.items(), key=lambda item: (-item[1], item[0]))
        object.__setattr__(self, "split", dict(largest_first))

    @property
    def needs_video(self) -> bool:
        return self.format != ReleaseFormat.RECORDS

    @property
    def needs_rationale(self) -> bool:
        return self.format == ReleaseFormat.SFT and not self.no_cot

    @property
    def file_stems(self) -> list[str]:
        """The record files' names without suffix: a split each, or the format."""
        return list(self.split) or [self.format]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"split": dict(self.split)}


@dataclass
class Counts:
    """What went in and what did not, and whether an equal folder was there already."""

    verdicts: int = 0
    records: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    rationales: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    stripped_lines: int = 0
    already_there: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the manifest and the release's row: everything but `already_there`, keys in a fixed order."""
        return {
            "verdicts": self.verdicts,
            "records": self.records,
            "splits": dict(sorted(self.splits.items())),
            "rationales": dict(sorted(self.rationales.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "stripped_lines": self.stripped_lines,
        }
