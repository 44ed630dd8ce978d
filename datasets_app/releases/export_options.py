"""What may be asked of an export, and what it reports back."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Arm
from datasets_app.models import ReleaseFormat
from datasets_app.releases.licence import Licence
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import check_split

# A record needs its file.
WITH_VIDEOS = frozenset({ReleaseFormat.SFT, ReleaseFormat.RL, ReleaseFormat.PREFERENCES, ReleaseFormat.PARQUET})


class ExportError(Exception):
    """The dataset cannot be written as asked; the message is a sentence for people."""


class Policy(models.TextChoices):
    """Where a record's scores come from."""

    SETTLED = "settled", gettext_lazy("Verdicts: a reviewer's scores where there are any, else the median")
    MEDIAN = "median", gettext_lazy("Lower median of the ratings alone")


class VideoFiles(models.TextChoices):
    """How the originals come into `videos/`."""

    LINK = "link", gettext_lazy("Hard links, or copies where the disk has none")
    COPY = "copy", gettext_lazy("Copies")
    NONE = "none", gettext_lazy("No files: records name them only")


class OnLeak(models.TextChoices):
    """What follows when the same prompt or file is in two splits."""

    REFUSE = "refuse", gettext_lazy("Refuse the release")
    LIST = "list", gettext_lazy("Keep the first, leave the others out and list them")


@dataclass(frozen=True)
class Options:
    """What is asked of an export; ExportError when it makes no sense.

    `formats` lie in one folder with one `videos/`. `rationale` "" takes the edited one where there is one, else
    the imported one, else the experts'. `split` holds shares by name, the largest first whatever order they came
    in (a JSON column keeps none); none of them gives one file a format.

    The ratings that count: counted ones in one of the `arms`, submitted from `since` to `until` (ISO days, both
    included, UTC); empty = all. A video needs `min_ratings` of them. `reviewed_only`, `t2v_models` (names) and
    `prompt_sources` choose among videos. `reconcile` names a scorer version by its primary key: its
    adjustments' scores take the verdicts' place, in every format but `bench`.
    `margin`: by how much the mean score of a preferred video is higher (`preferences`).
    """

    formats: Sequence[str]
    no_cot: bool = False
    rationale: str = ""
    split: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    policy: str = Policy.SETTLED.value
    min_ratings: int = 1
    arms: Sequence[str] = ()
    reviewed_only: bool = False
    t2v_models: Sequence[str] = ()
    prompt_sources: Sequence[str] = ()
    since: str = ""
    until: str = ""
    videos: str = VideoFiles.LINK.value
    on_leak: str = OnLeak.REFUSE.value
    reconcile: int | None = None
    margin: float = 1.0
    licence: str = Licence.UNKNOWN.value

    def __post_init__(self) -> None:
        if not self.formats:
            raise ExportError(_("A release needs a format: %s.") % ", ".join(ReleaseFormat.values))
        self._check_choices()
        self._check_numbers()
        if self.no_cot and ReleaseFormat.SFT not in self.formats:
            raise ExportError(_("Only the sft format has a form without reasoning."))
        if self.split:
            try:
                check_split(self.split)
            except ValueError as error:
                raise ExportError(str(error)) from error
        self._put_in_order()

    def _check_choices(self) -> None:
        allowed: list[tuple[str, Sequence[str], Sequence[str]]] = [
            (_("format"), self.formats, ReleaseFormat.values),
            (_("rationale"), [self.rationale] if self.rationale else [], RationaleSource.values),
            (_("policy"), [self.policy], Policy.values),
            (_("arm"), self.arms, Arm.values),
            (_("way of taking videos"), [self.videos], VideoFiles.values),
            (_("licence"), [self.licence], Licence.values),
            (_("answer to a leak"), [self.on_leak], OnLeak.values),
        ]
        for what, given, known in allowed:
            for value in given:
                if value not in known:
                    said = {"what": what, "value": repr(value), "known": ", ".join(known)}
                    raise ExportError(_("There is no %(what)s %(value)s, only %(known)s.") % said)

    def _check_numbers(self) -> None:
        if self.min_ratings < 1:
            raise ExportError(_("A record rests on one rating at least."))
        if not 0 <= self.margin <= 4:
            raise ExportError(_("The margin of a preference lies between 0 and 4."))
        days = [_day(day) for day in (self.since, self.until) if day]
        if len(days) == 2 and days[0] > days[1]:
            raise ExportError(_("The first day lies after the last one."))

    def _put_in_order(self) -> None:
        """One order whatever order things came in, so that equal wishes are equal."""
        largest_first = sorted(self.split.items(), key=lambda item: (-item[1], item[0]))
        object.__setattr__(self, "split", dict(largest_first))
        in_order = [name for name in ReleaseFormat.values if name in self.formats]
        object.__setattr__(self, "formats", tuple(in_order))
        for name in ("arms", "t2v_models", "prompt_sources"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    @property
    def file_stems(self) -> dict[str, dict[str, str]]:
        """The record files' names without suffix: of each format, by split ("" without splits)."""
        return {
            name: {split: f"{name}_{split}" for split in self.split} if self.split else {"": name}
            for name in self.formats
        }

    @property
    def bench_beside_others(self) -> bool:
        """Whether other files hold the videos of `bench`, so that only a split can hold any out."""
        return ReleaseFormat.BENCH in self.formats and len(self.formats) > 1

    def as_json(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in ("formats", "arms", "t2v_models", "prompt_sources")}
        return asdict(self) | lists | {"split": dict(self.split)}


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ExportError(_("“%s” is no day; write one as 2026-11-21.") % text) from error


@dataclass
class Counts:
    """What went in and what did not, and whether an equal folder was there already.

    `records` by format, `splits` by file stem, `left_out` by format and then by reason; under "" what no format
    takes. `duplicates` repeat the file of another video of their split.
    """

    videos: int = 0
    records: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    rationales: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    stripped_lines: int = 0
    duplicates: int = 0
    already_there: bool = False

    def leave_out(self, name: str, reason: str) -> None:
        """Count a video that the format `name` ("": every one) does not take."""
        self.left_out.setdefault(name, Counter())[str(reason)] += 1

    def as_json(self) -> dict[str, Any]:
        """For the manifest and the release's row: everything but `already_there`, keys in a fixed order."""
        return {
            "videos": self.videos,
            "records": dict(sorted(self.records.items())),
            "splits": dict(sorted(self.splits.items())),
            "rationales": dict(sorted(self.rationales.items())),
            "left_out": {name: dict(sorted(why.items())) for name, why in sorted(self.left_out.items())},
            "stripped_lines": self.stripped_lines,
            "duplicates": self.duplicates,
        }
