"""How a release differs from an earlier one: read from both folders' `videos.jsonl`, whatever their formats."""

import json
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from annotation.scale import DIMENSION_KEYS
from datasets_app.releases.jsonl import read_lines
from datasets_app.releases.release_manifest import MANIFEST
from datasets_app.releases.video_index import INDEX, SCORE_KEYS

LISTED = 100  # videos named of each kind
_ENTRY = struct.Struct(">3bh16s16s")  # scores, split, first half of the texts' and of the file's hash


class CannotCompareError(ValueError):
    """A folder is no release with an index; the message is a sentence for people."""


class Rescored(NamedTuple):
    """A video with other scores than before, each in the order of the scale."""

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]


class Moved(NamedTuple):
    """A video in another split than before: with the same splits and seed there is none."""

    name: str
    before: str
    after: str


@dataclass
class Comparison:
    """What changed from one release to the next. Counts are complete, lists hold the first of each kind.

    `steps` counts changed scores by dimension key and (old, new); `retold` videos with another prompt, comment or
    rationale, `refilmed` those with another file. `same_draw`: both were split with the same shares and seed.
    """

    before: int = 0
    after: int = 0
    same: int = 0
    added: int = 0
    removed: int = 0
    rescored: int = 0
    moved: int = 0
    retold: int = 0
    refilmed: int = 0
    same_draw: bool = True
    added_names: list[str] = field(default_factory=list)
    removed_names: list[str] = field(default_factory=list)
    rescored_videos: list[Rescored] = field(default_factory=list)
    moved_videos: list[Moved] = field(default_factory=list)
    steps: dict[str, Counter[tuple[int, int]]] = field(
        default_factory=lambda: {key: Counter() for key in DIMENSION_KEYS}
    )

    @property
    def changed(self) -> bool:
        """Whether any video is not as it was."""
        return self.same != self.before or self.same != self.after


def compare_releases(before: Path, after: Path, listed: int = LISTED) -> Comparison:
    """Compare two releases' folders; at most `listed` videos of a kind are named. Raises CannotCompareError.

    Holds about 250 bytes a video of the earlier release, and none of the later one.
    """
    found = Comparison(same_draw=_draw(before) == _draw(after))
    splits = _Splits()
    old: dict[str, bytes] = {}
    for name, entry in _entries(before, splits):
        old[name] = entry
    found.before = len(old)
    for name, entry in _entries(after, splits):
        found.after += 1
        earlier = old.pop(name, None)
        if earlier is None:
            found.added += 1
            if len(found.added_names) < listed:
                found.added_names.append(name)
        elif earlier == entry:
            found.same += 1
        else:
            _note(found, name, _ENTRY.unpack(earlier), _ENTRY.unpack(entry), splits, listed)
    found.removed = len(old)
    found.removed_names = [name for name, _entry in zip(old, range(listed), strict=False)]
    return found


def _note(
    found: Comparison, name: str, before: tuple[Any, ...], after: tuple[Any, ...], splits: "_Splits", listed: int
) -> None:
    if before[:3] != after[:3]:
        found.rescored += 1
        if len(found.rescored_videos) < listed:
            found.rescored_videos.append(Rescored(name, before[:3], after[:3]))
        for key, old, new in zip(DIMENSION_KEYS, before, after, strict=False):
            if old != new:
                found.steps[key][old, new] += 1
    if before[3] != after[3]:
        found.moved += 1
        if len(found.moved_videos) < listed:
            found.moved_videos.append(Moved(name, splits.names[before[3]], splits.names[after[3]]))
    found.retold += before[4] != after[4]
    found.refilmed += before[5] != after[5]


class _Splits:
    """Small numbers for the names of splits."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def number(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def _entries(folder: Path, splits: _Splits) -> Iterator[tuple[str, bytes]]:
    """Each video's name and what is compared of it, packed."""
    try:
        file = (folder / INDEX).open("rb")
    except OSError as error:
        raise CannotCompareError(
            _("%(folder)s has no %(file)s: it is no release, or one from before releases had it.")
            % {"folder": folder, "file": INDEX}
        ) from error
    with file:
        for number, value in read_lines(file):
            try:
                yield (
                    value["video_name"],
                    _ENTRY.pack(
                        *(value[key] for key in SCORE_KEYS),
                        splits.number(value["split"]),
                        bytes.fromhex(value["text_sha256"])[:16],
                        bytes.fromhex(value["sha256"])[:16],
                    ),
                )
            except (TypeError, KeyError, ValueError, struct.error) as error:
                raise CannotCompareError(
                    _("Line %(number)s of %(file)s cannot be read.") % {"number": number, "file": folder / INDEX}
                ) from error


def _draw(folder: Path) -> Any:
    """What decided about splits: their shares and the seed."""
    try:
        options = json.loads((folder / MANIFEST).read_bytes())["options"]
        return options["split"], options["seed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotCompareError(_("%(folder)s has no manifest that can be read.") % {"folder": folder}) from error
