"""Which split a video belongs to: drawn by its prompt, so that no prompt is in two splits."""

import hashlib
import itertools
import unicodedata
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

TOLERANCE = 1e-6
POINTS = 2**64


def normalise_prompt(text: str) -> str:
    """Prompts that differ only in case, width, spaces or a closing full stop are the same prompt."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(". ")


def parse_split(text: str) -> dict[str, float]:
    """`train=0.9,test=0.1` as shares by name. Raises ValueError, in words for people."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, share = part.strip().partition("=")
        if not equals or not name.isidentifier() or name in shares:
            raise ValueError(
                _("Write a split as train=0.9,test=0.1; “%(part)s” is not a new name and a share.")
                % {"part": part.strip()}
            )
        try:
            shares[name] = float(share)
        except ValueError as error:
            raise ValueError(
                _("The share of split “%(name)s” is no number: “%(share)s”.") % {"name": name, "share": share}
            ) from error
    check_split(shares)
    return shares


def check_split(shares: Mapping[str, float]) -> None:
    """Raise ValueError unless every share is positive and together they make 1."""
    if any(not 0 < share <= 1 for share in shares.values()):
        raise ValueError(_("Each split needs a share above 0 and at most 1."))
    if abs(sum(shares.values()) - 1) > TOLERANCE:
        raise ValueError(
            _("The shares of the splits add up to %(sum)s, not to 1.") % {"sum": f"{sum(shares.values()):g}"}
        )


@dataclass(frozen=True)
class Splits:
    """Where each prompt goes: drawn from its text and the seed alone, whatever order the shares are in.

    A prompt stays where it is when others are added, so a later release never trains on an earlier one's test
    prompts. The price: shares are met on average, not to the video. `moved` are the few exceptions.
    """

    shares: Mapping[str, float]
    seed: int
    moved: Mapping[int, str] = field(default_factory=dict)  # split by point

    def of(self, prompt: str) -> str:
        """The split of a prompt."""
        point = self.point(prompt)
        return self.moved.get(point) or self._drawn(point)

    def point(self, prompt: str) -> int:
        """Where the draw puts a prompt, from 0 to POINTS."""
        digest = hashlib.sha256(f"{self.seed}\n{normalise_prompt(prompt)}".encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8])

    def filled(self, points: Set[int]) -> "Splits":
        """The same splits for these points, where one that the draw left empty gets the prompt nearest to it.

        Only a handful of prompts ever needs that. With fewer prompts than splits one stays empty.
        """
        drawn = {point: self._drawn(point) for point in points}
        moved = {}
        for name, (start, end) in self._ranges():
            sizes = Counter(drawn.values())
            spare = [point for point, split in drawn.items() if sizes[split] > 1]
            if not sizes[name] and spare:
                nearest = min(spare, key=lambda point: (max(start - point, point - end), point))
                drawn[nearest] = moved[nearest] = name
        return replace(self, moved=moved)

    def _drawn(self, point: int) -> str:
        return next(name for name, (_, end) in self._ranges() if point <= end)

    def _ranges(self) -> list[tuple[str, tuple[float, float]]]:
        """First and last point of each split, by name; the last one ends at POINTS whatever the rounding."""
        names = sorted(self.shares)
        ends = list(itertools.accumulate(self.shares[name] * POINTS for name in names))
        ends[-1] = float(POINTS)
        return list(zip(names, zip([0.0, *ends], ends, strict=False), strict=True))
