"""The texts of a training record, made from what the raters wrote: comments per dimension, and the rationale."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import models

from annotation.leaks import strip_leaks
from annotation.models import Rating
from annotation.scale import DIMENSIONS

# A rater may have written the "at" already.
_TIME_MARK = re.compile(r"(?:\b(at)\s+)?\[(\d+(?:\.\d+)?)s(?: f\d+)?\]", re.IGNORECASE)


class RationaleSource(models.TextChoices):
    """Where the `<think>` text of a record comes from."""

    IMPORTED = "imported", "Came with the imported record"
    EXPERT = "expert", "Composed from the raters' reasons"


@dataclass(frozen=True)
class Rationale:
    """A text without its `stripped` leaking score lines, and where it came from ("" when there is none)."""

    text: str
    source: str
    stripped: int


def comment(ratings: Iterable[Rating], key: str) -> str:
    """The reasons for one dimension in order of submission, one a line, repeats and blanks dropped.

    A lone imported reason comes out as it went in, blanks and all.
    """
    reasons = list(dict.fromkeys(_reason(rating, key) for rating in ratings))
    written = [reason for reason in reasons if reason.strip()]
    return "\n".join(written) if written else "".join(reasons[:1])


def choose_rationale(ratings: Sequence[Rating], wanted: str) -> Rationale:
    """The rationale of `wanted` source; when `wanted` is empty, the imported one, else the experts'."""
    if wanted != RationaleSource.EXPERT:
        imported = next((rating.rationale for rating in ratings if rating.rationale.strip()), "")
        if imported or wanted == RationaleSource.IMPORTED:
            return _stripped(imported, RationaleSource.IMPORTED)
    return _stripped(compose(ratings), RationaleSource.EXPERT)


def compose(ratings: Iterable[Rating]) -> str:
    """The reasons as one text, a paragraph a dimension; a dimension without a reason is left out."""
    ratings = list(ratings)
    paragraphs = []
    for dimension in DIMENSIONS:
        reasons = comment(ratings, dimension.key).strip()
        if reasons:
            paragraphs.append(f"{dimension.label}:\n{reasons}")
    return "\n\n".join(paragraphs)


def _stripped(text: str, source: RationaleSource) -> Rationale:
    kept, count = strip_leaks(text)
    return Rationale(kept, source.value if kept.strip() else "", count)


def _reason(rating: Rating, key: str) -> str:
    """One rater's reason on one line with its time marks in words; an imported one as it came."""
    reason = rating.reasons[key]
    if rating.imported:
        return reason
    return " ".join(_TIME_MARK.sub(_time_in_words, reason).split())


def _time_in_words(mark: re.Match[str]) -> str:
    return f"{mark[1] or 'at'} {float(mark[2]):.1f} s"
