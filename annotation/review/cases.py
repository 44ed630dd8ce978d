"""Which videos wait for a reviewer, and why. Brought up to date with every rating, under the video's lock."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from annotation.models import (
    CaseReason,
    CaseState,
    CheckMark,
    Decision,
    Draft,
    Purpose,
    Rating,
    Review,
    ReviewCase,
    Stage,
    Suggestion,
    Video,
)
from annotation.models.review import MODEL_DIFFERS, RATERS_DIFFER
from annotation.models.suggestion import SuggestionStatus
from annotation.prepared import Prepared, upsert
from annotation.scale import DIMENSION_KEYS

CHUNK = 1_000
_COLUMNS = ("state", *(reason.value for reason in CaseReason))


@dataclass(frozen=True)
class _Opinion:
    """What a live main rating says. `waits`: a person of this installation made it, and no decision covers it."""

    scores: Sequence[int | None]
    counted: bool
    waits: bool
    reasons: frozenset[CaseReason]  # those that it gives by itself


def look_at(videos: Iterable[Video]) -> None:
    """Open, reopen or close the review cases of these videos. Whoever calls has locked them.

    One query a chunk of 1,000, and another where anything changed.
    """
    pks = sorted({video.pk for video in videos})
    for start in range(0, len(pks), CHUNK):
        _look_at(pks[start : start + CHUNK])


def is_decided(rating: Rating) -> bool:
    """Whether a reviewer accepted this version or fixed its video: its rater edits it no more."""
    return rating.pk in decided_among([rating])


def decided_among(ratings: Iterable[Rating]) -> set[int]:
    """Primary keys of those of these versions that are decided; one query."""
    looked_at = Review.ratings.through.objects.filter(rating__in=[rating.pk for rating in ratings])
    decided = looked_at.exclude(review__decision=Decision.RETURN)
    return set(decided.values_list("rating_id", flat=True))


def is_drawn(seed: int, percent: int, video_pk: int) -> bool:
    """Whether a video is drawn for audit. The same project's seed, video and share always draw the same; a larger
    share draws the same videos and more."""
    digest = hashlib.sha256(f"{seed}/audit/{video_pk}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48 * 100 < percent


def _look_at(video_pks: list[int]) -> None:
    changed: dict[int, dict[str, Any]] = {}
    kept_open: list[int] = []
    for facts, opinions in _read(video_pks):
        new, old = _case(facts, opinions), facts.case
        if new == old or (old is None and new["state"] == CaseState.CLOSED):
            continue
        changed[facts.video_pk] = new
        if old is not None and old["state"] == new["state"]:
            kept_open.append(facts.video_pk)
    if changed:
        _store(changed, kept_open)


def _store(changed: dict[int, dict[str, Any]], kept_open: list[int]) -> None:
    """Write these cases; those in `kept_open` keep the time since which they are in their state."""
    kept = ReviewCase.objects.filter(video__in=kept_open).values_list("video_id", "opened_at") if kept_open else ()
    since, now = dict(kept), timezone.now()
    cases = [ReviewCase(video_id=pk, opened_at=since.get(pk, now), **case) for pk, case in changed.items()]
    upsert(*cases, by="video", columns=(*_COLUMNS, "opened_at"))


def _case(facts: "_Facts", opinions: list[_Opinion]) -> dict[str, Any]:
    """The case as it should be, by column."""
    reasons = _reasons(facts, opinions)
    state = CaseState.RETURNED if facts.is_out else CaseState.OPEN if reasons else CaseState.CLOSED
    return {"state": state.value, **{reason.value: reason in reasons for reason in CaseReason}}


def _reasons(facts: "_Facts", opinions: list[_Opinion]) -> set[CaseReason]:
    waiting = [one for one in opinions if one.waits]
    counted = [one for one in opinions if one.counted]
    found = {reason for one in waiting for reason in one.reasons}
    if any(_gap(one.scores, facts.said) >= MODEL_DIFFERS for one in waiting):
        found.add(CaseReason.FAR_FROM_MODEL)
    counted_waiting = [one for one in waiting if one.counted]
    if any(_gap(one.scores, other.scores) >= RATERS_DIFFER for one in counted_waiting for other in counted):
        found.add(CaseReason.RATERS_DIFFER)
    settled = len(counted) >= facts.overlap
    if counted_waiting and settled and is_drawn(facts.seed, facts.audit_percent, facts.video_pk):
        found.add(CaseReason.AUDIT)
    return found


def _gap(some: Sequence[int | None], others: Sequence[int | None]) -> int:
    """The widest difference in a dimension of which both say something; 0 where there is none."""
    pairs = zip(some, others, strict=True)
    return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0)


class _Facts:
    """What of a video decides about its case: a row of `_read_facts`. `said`: the suggester's scores."""

    def __init__(self, *row: Any) -> None:
        self.video_pk, self.overlap, self.seed, self.audit_percent, self.is_out, *more = row
        self.said: list[int | None] = more[: len(DIMENSION_KEYS)]
        state, *reasons = more[len(DIMENSION_KEYS) :]
        flags = {reason.value: bool(given) for reason, given in zip(CaseReason, reasons, strict=True)}
        self.case = {"state": state, **flags} if state else None


def _facts(*video_pks: int) -> QuerySet[Any, Any]:
    """By video and live main rating, or once with none: what `_Opinion` and `_Facts` are made of."""
    readable = Suggestion.objects.exclude(status=SuggestionStatus.UNREADABLE)
    said = readable.filter(video=OuterRef("pk"), scorer_version=OuterRef("project__suggester"), sample=0)
    decisions = Review.objects.exclude(decision=Decision.RETURN).filter(ratings=OuterRef("one"))
    answers = Rating.objects.filter(
        video=OuterRef("pk"), rater=OuterRef("one__rater"), purpose=Purpose.MAIN, stage=Stage.RETURN
    )
    live = Q(ratings__live=True, ratings__purpose=Purpose.MAIN)
    return (
        Video.objects.filter(pk__in=video_pks)
        .annotate(
            one=FilteredRelation("ratings", condition=live),
            covered=Exists(decisions),
            marked=Exists(CheckMark.objects.filter(rating=OuterRef("one"))),
            answers=Exists(answers.filter(withdrawn_at=None)),
            is_out=Exists(Draft.objects.filter(video=OuterRef("pk"), stage=Stage.RETURN)),
            **{f"said_{key}": Subquery(said.values(key)) for key in DIMENSION_KEYS},
        )
        .order_by("pk")
        .values_list(
            *("one", "one__extra", "one__imported", "covered", "marked", "one__flagged", "answers"),
            *(f"one__{key}" for key in DIMENSION_KEYS),
            *("pk", "project__overlap", "project__seed", "project__audit_percent", "is_out"),
            *(f"said_{key}" for key in DIMENSION_KEYS),
            *(f"review_case__{column}" for column in _COLUMNS),
        )
    )


_read_facts = Prepared(_facts)


def _read(video_pks: list[int]) -> Iterator[tuple["_Facts", list[_Opinion]]]:
    """Each video with its live main ratings."""
    of_rating = 7 + len(DIMENSION_KEYS)
    for facts, rows in groupby(_read_facts(*video_pks), key=lambda row: row[of_rating:]):
        yield _Facts(*facts), [_opinion(*row[1:of_rating]) for row in rows if row[0] is not None]


def _opinion(
    extra: bool, imported: bool, covered: bool, marked: bool, flagged: bool, answers: bool, *scores: int | None
) -> _Opinion:
    given = {CaseReason.CHECKED: marked, CaseReason.FLAGGED: flagged, CaseReason.ANSWERED: answers}
    return _Opinion(
        scores=scores,
        counted=not extra,
        waits=not imported and not covered,
        reasons=frozenset(reason for reason, is_given in given.items() if is_given),
    )
