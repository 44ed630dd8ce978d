"""The texts of a training record: comments per dimension, and the rationale, which must fit its scores.

Pure functions on plain values, for whoever reads rows in bulk.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.leaks import strip_leaks
from annotation.models import Rating
from annotation.scale import DIMENSION_KEYS, DIMENSIONS
from annotation.score_first import names_score_first
from annotation.score_mentions import at_odds, statements
from annotation.time_marks import in_words

# Why a record has no rationale, in a few words; counted with what is left out.
GIVES_AWAY = "rationale gives scores away"
NAMES_OTHERS = "rationale names other scores"
FOR_OTHER_SCORES = "rationale edited for other scores"
NOT_EDITED = "rationale not edited"


class RationaleSource(models.TextChoices):
    """Where the `<think>` text of a record comes from."""

    EDITED = "edited", _("The model's, as a lead or reviewer edited it")
    IMPORTED = "imported", _("Came with the imported record")
    EXPERT = "expert", _("Composed from the raters' reasons")


class Rationale(NamedTuple):
    """A text without its `stripped` leaking score lines, and where it came from ("" when there is none).

    `refused` says in a few words why there is none although there would be one. `outdated`: an edited text was
    passed over, because it was accepted for other scores.
    """

    text: str
    source: str
    stripped: int
    refused: str = ""
    outdated: bool = False


class Edited(NamedTuple):
    """A live edited rationale, and the scores it was accepted for, in the order of the scale."""

    text: str
    scores: Sequence[int]


def comment_of(reasons: Iterable[str]) -> str:
    """The reasons for one dimension in order of submission, one a line, repeats and blanks dropped.

    Each as `on_a_line` gives it: a lone imported reason comes out as it went in, blanks and all.
    """
    found = list(dict.fromkeys(reasons))
    written = [reason for reason in found if reason.strip()]
    return "\n".join(written) if written else "".join(found[:1])


def on_a_line(reason: str, *, imported: bool) -> str:
    """A rater's reason on one line with its time marks in words; an imported one as it came."""
    if imported:
        return reason
    text = in_words(reason)
    # No blank but a space is printable, so most reasons need not be taken apart.
    is_one = text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " "
    return text if is_one else " ".join(text.split())


def rationale_of(
    wanted: str,
    scores: Mapping[str, int],
    *,
    edited: Edited | None,
    imported: Iterable[str],
    comments: Mapping[str, str],
) -> Rationale:
    """The rationale of `wanted` source for a record of these final scores (by dimension key).

    When `wanted` is empty: the edited one where it was accepted for just these scores, else the first of the
    `imported` texts that is not blank, else the experts', from their `comments` by dimension key. A text that
    still tells scores, or names others than these, is refused: nothing of it is given, nothing takes its place.
    """
    fits = edited is not None and [*edited.scores] == [scores[key] for key in DIMENSION_KEYS]
    outdated = edited is not None and not fits
    if edited and fits and wanted in ("", RationaleSource.EDITED):
        return _checked(edited.text, RationaleSource.EDITED, scores)
    if wanted == RationaleSource.EDITED:
        return Rationale("", "", 0, FOR_OTHER_SCORES if outdated else NOT_EDITED, outdated)
    came = next((text for text in imported if text.strip()), "") if wanted != RationaleSource.EXPERT else ""
    if came or wanted == RationaleSource.IMPORTED:
        return _checked(came, RationaleSource.IMPORTED, scores, outdated=outdated)
    return _checked(compose(comments), RationaleSource.EXPERT, scores, outdated=outdated)


def compose(comments: Mapping[str, str]) -> str:
    """The comments as one text, a paragraph a dimension; a dimension without one is left out."""
    paragraphs = [
        f"{dimension.heading}:\n{comments[dimension.key].strip()}"
        for dimension in DIMENSIONS
        if comments[dimension.key].strip()
    ]
    return "\n\n".join(paragraphs)


def _checked(
    text: str, source: RationaleSource, scores: Mapping[str, int], *, outdated: bool = False
) -> Rationale:
    kept, stripped = strip_leaks(text)
    refused = GIVES_AWAY if statements(kept) else NAMES_OTHERS if at_odds(kept, scores) else ""
    if not refused and names_score_first(kept):
        refused = GIVES_AWAY
    if refused:
        return Rationale("", "", stripped, refused, outdated)
    return Rationale(kept, source.value if kept.strip() else "", stripped, outdated=outdated)


# --- For rows that are read as models ---------------------------------------------------------------
def comment(ratings: Iterable[Rating], key: str) -> str:
    """The ratings' reasons for one dimension as `comment_of` writes them."""
    return comment_of(on_a_line(rating.reasons[key], imported=rating.imported) for rating in ratings)


def choose_rationale(
    ratings: Sequence[Rating], wanted: str, scores: Mapping[str, int], edited: Edited | None = None
) -> Rationale:
    """The rationale of `wanted` source, see `rationale_of`."""
    return rationale_of(
        wanted,
        scores,
        edited=edited,
        imported=(rating.rationale for rating in ratings),
        comments={key: comment(ratings, key) for key in DIMENSION_KEYS},
    )
