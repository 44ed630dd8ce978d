"""A rater's own ratings: the list of them, and the way back into one that may still be edited.

Nothing here reads a suggestion, a verdict or another rater's work: whatever the arm, the list holds the rater's
own scores and words, and what a reviewer wrote to them.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.models import Decision, Draft, MediaState, Membership, Purpose, Rating, Review, Stage
from annotation.review.cases import decided_among, is_decided
from annotation.room.progress import midnight
from annotation.room.queue import hold_rater
from annotation.room.submit import REVIEWED, draft_from
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Dimension

PAGE = 20

IMPORTED = _("This rating came from a file, so it cannot be edited here.")
REPLACED = _("There is a newer version of this rating. Edit that one.")
NOT_PLAYABLE = _("This video cannot be played now, so its rating cannot be edited.")


class Closed(Exception):
    """This rating is not to be edited; the message says why."""


@dataclass(frozen=True)
class Line:
    """One dimension of a version; `before` is the score that it replaced, None where it stayed."""

    dimension: Dimension
    score: int
    reason: str
    before: int | None
    reworded: bool


@dataclass(frozen=True)
class Version:
    rating: Rating
    lines: list[Line]


@dataclass(frozen=True)
class Entry:
    """A rating in the list: its live version, what may be done with it, and every version, newest first.

    `draft` is unfinished work on it, `returned` the reviewer's words that this work answers, `closed` why it
    cannot be edited; each None where there is none.
    """

    rating: Rating
    draft: Draft | None
    returned: Review | None
    closed: str | Promise | None
    versions: list[Version]

    @property
    def live(self) -> Version:
        """The one that stands: a later one may have been taken back."""
        return next(version for version in self.versions if version.rating == self.rating)


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    older: int | None  # key of the page after this one


def ratings_of(
    member: Membership, *, words: str = "", today: bool = False, waiting: bool = False
) -> QuerySet[Rating]:
    """The member's live ratings: with these words in prompt or reasons, of today, or with work unfinished."""
    ratings = Rating.objects.live().filter(
        rater=member.user_id, video__project=member.project_id, purpose=Purpose.MAIN
    )
    if words:
        said = [Q(**{f"{key}_reason__icontains": words}) for key in DIMENSION_KEYS]
        ratings = ratings.filter(Q(video__prompt__text__icontains=words) | said[0] | said[1] | said[2])
    if today:
        ratings = ratings.filter(submitted_at__gte=midnight())
    return ratings.filter(_waits()) if waiting else ratings


def page_of(member: Membership, ratings: QuerySet[Rating], before: int | None = None) -> Page:
    """One page, newest first, after the member's version `before`. Four queries, however long the list is."""
    mine = Rating.objects.filter(rater=member.user_id, video__project=member.project_id)
    last = mine.filter(pk=before).values_list("submitted_at", "pk").first() if before else None
    if last is not None:
        ratings = ratings.filter(Q(submitted_at__lt=last[0]) | Q(submitted_at=last[0], pk__lt=last[1]))
    found = list(ratings.select_related("video__prompt").order_by("-submitted_at", "-pk")[: PAGE + 1])
    more, found = found[PAGE:], found[:PAGE]
    return Page(_entries(found), older=found[-1].pk if more else None)


def _waits() -> Q:
    """Ratings with unfinished work, unless it is an edit that a decision has overtaken."""
    unfinished = Draft.objects.filter(revises=OuterRef("pk"))
    decided = Review.objects.exclude(decision=Decision.RETURN).filter(ratings=OuterRef("pk"))
    return Exists(unfinished.exclude(stage=Stage.EDIT)) | (Exists(unfinished) & ~Exists(decided))


@transaction.atomic
def reopen(rating: Rating) -> Draft:
    """A draft that edits this rating, or the one that is there already. Raises `Closed` where none may be."""
    hold_rater(rating.rater)
    draft = Draft.objects.filter(video=rating.video_id, rater=rating.rater_id).first()
    if draft is not None and draft.revises_id == rating.pk and draft.stage != Stage.EDIT:
        return draft  # returned, or the model is revealed: that comes first
    rating.refresh_from_db()
    if (closed := _closed(rating, decided=is_decided(rating))) is not None:
        raise Closed(closed)
    return draft or draft_from(rating, stage=Stage.EDIT, revises=rating)


def _closed(rating: Rating, *, decided: bool) -> Promise | None:
    if rating.imported:
        return IMPORTED
    if not rating.live or rating.purpose != Purpose.MAIN:
        return REPLACED
    if decided:
        return REVIEWED
    return None if rating.video.media_state == MediaState.READY else NOT_PLAYABLE


def _entries(ratings: list[Rating]) -> list[Entry]:
    if not ratings:
        return []
    decided = decided_among(ratings)
    unfinished = Draft.objects.filter(revises__in=ratings).select_related("returned")
    drafts = {draft.revises_id: draft for draft in unfinished}
    versions = _versions(ratings)
    entries = []
    for rating in ratings:
        draft = drafts.get(rating.pk)
        returned = draft.returned if draft else None
        closed = None if draft and draft.stage != Stage.EDIT else _closed(rating, decided=rating.pk in decided)
        entries.append(Entry(rating, draft, returned, closed, versions[rating.video_id]))
    return entries


def _versions(ratings: list[Rating]) -> dict[int, list[Version]]:
    """Every version of these ratings by video, newest first, each beside the one that it revises."""
    rater = ratings[0].rater_id
    mine = Rating.objects.filter(rater=rater, purpose=Purpose.MAIN, video__in=[one.video_id for one in ratings])
    versions = {version.pk: version for version in mine.order_by("-version")}
    by_video: dict[int, list[Version]] = defaultdict(list)
    for version in versions.values():
        lines = _lines(version, versions.get(version.revises_id or 0))
        by_video[version.video_id].append(Version(version, lines))
    return by_video


def _lines(version: Rating, earlier: Rating | None) -> list[Line]:
    lines = []
    for dimension in DIMENSIONS:
        key = dimension.key
        score, reason = version.scores[key] or 0, version.reasons[key]
        before = earlier.scores[key] if earlier else score
        reworded = earlier is not None and earlier.reasons[key] != reason
        lines.append(Line(dimension, score, reason, before if before != score else None, reworded))
    return lines
