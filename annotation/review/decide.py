"""A reviewer's decisions: accept a video's ratings, send one back to its rater, or fix the verdict.

Each is one short transaction. Locks are taken in the order of a submit: the rater, their draft, then the video.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.audit import record
from annotation.models import (
    AuditKind,
    Decision,
    Draft,
    Membership,
    Project,
    Purpose,
    Rating,
    ReturnReason,
    Review,
    Stage,
    User,
    Video,
)
from annotation.review.cases import look_at
from annotation.review.own_work import may_decide
from annotation.room.queue import hold_rater
from annotation.room.settle import lock_videos, settle
from annotation.room.submit import draft_from
from annotation.scale import DIMENSION_KEYS

OWN_WORK = _("You rated this video yourself, so somebody else decides about it.")
NOTHING = _("Nobody has rated this video, so there is nothing to decide.")
IMPORTED = _("An imported rating cannot be returned: nobody here wrote it.")
LEFT = _("This rater is no longer in the project, so nobody would answer.")
WITH_RATER = _("This rating is with its rater already.")
RATED_MEANWHILE = _("The ratings have changed since you opened this page. Look at them again, then decide.")
DECIDED_MEANWHILE = _("Another reviewer decided while you looked. Their decision is below; yours is not stored.")


class Refused(Exception):
    """This decision cannot be made; the words say why."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)


class Stale(Refused):
    """The decision was made on a page that shows something else than what is there now."""


@dataclass(frozen=True)
class Seen:
    """What the page showed: the live main ratings, and the newest review (0 = none), by primary key."""

    ratings: frozenset[int]
    newest: int


@transaction.atomic
def accept(video: Video, member: Membership, seen: Seen, *, words: str = "") -> Review:
    """Let the ratings stand: the verdict is what they add up to, and they can no longer be edited.

    Raises `Stale`, or `Refused` for work of one's own. What is out with raters is called back. A repeated
    decision gives the one that is stored; so with the others, too.
    """
    return _decide(video, member, seen, decision=Decision.ACCEPT, words=words)


@transaction.atomic
def fix(video: Video, member: Membership, seen: Seen, *, scores: Mapping[str, int], words: str) -> Review:
    """Make these scores (1 to 5, by dimension key) the verdict, until a later accept or fix."""
    return _decide(video, member, seen, decision=Decision.FIX, words=words, **scores)


@transaction.atomic
def send_back(
    video: Video, member: Membership, seen: Seen, *, rating: Rating, preset: ReturnReason, words: str
) -> Review:
    """Give a live rating back to its rater, who finds it first in their queue, with the reason.

    What they have begun to change already is kept: it becomes the answer to this return. Raises `Refused` for
    imported ratings, raters who left and ratings that are out already.
    """
    hold_rater(rating.rater)
    draft = Draft.objects.select_for_update().filter(video=video, rater=rating.rater_id).first()
    columns = {"decision": Decision.RETURN, "rating": rating, "preset": preset, "words": words}
    if repeated := _open(video, member, seen, columns):
        return repeated
    if rating.pk not in seen.ratings:
        raise Stale(RATED_MEANWHILE)
    if rating.imported:
        raise Refused(IMPORTED)
    if not Membership.objects.filter(project=video.project_id, user=rating.rater_id).exists():
        raise Refused(LEFT)
    if draft is not None and draft.stage == Stage.RETURN:
        raise Refused(WITH_RATER)
    review = _record(video, member.user, seen.ratings, columns)
    if draft is None:
        draft_from(rating, stage=Stage.RETURN, revises=rating, returned=review)
    else:
        _turn_into_return(draft, rating, review)
    look_at([video])
    return review


def call_back_from(project: Project, rater: User) -> None:
    """Whoever leaves the project answers nothing: reviewers decide about what was out with them.

    Whoever calls has locked the rater.
    """
    out = Draft.objects.select_for_update(of=("self",)).filter(
        rater=rater, video__project=project, stage=Stage.RETURN
    )
    drafts = dict(out.order_by("pk").values_list("pk", "video_id"))
    lock_videos(list(drafts.values()))
    _call_back(list(drafts))
    look_at(Video(pk=pk) for pk in drafts.values())


def _decide(video: Video, member: Membership, seen: Seen, **columns: Any) -> Review:
    out = Draft.objects.select_for_update().filter(video=video, stage=Stage.RETURN).order_by("pk")
    drafts = list(out.values_list("pk", flat=True))  # an answer on its way comes first
    if repeated := _open(video, member, seen, columns):
        return repeated
    review = _record(video, member.user, seen.ratings, columns)
    _call_back(drafts)
    settle([video])
    look_at([video])
    return review


def _open(video: Video, member: Membership, seen: Seen, columns: Mapping[str, Any]) -> Review | None:
    """Lock the video and check that this member may decide on what they saw; the review that a repeat made."""
    lock_videos([video.pk])
    if not may_decide(member, video):
        raise Refused(OWN_WORK)
    newer = Review.objects.filter(video=video, pk__gt=seen.newest)
    if repeated := newer.filter(reviewer=member.user_id, **columns).first():
        return repeated
    live = Rating.objects.live().filter(video=video, purpose=Purpose.MAIN).values_list("pk", flat=True)
    if newer.exists():
        raise Stale(DECIDED_MEANWHILE)
    if frozenset(live) != seen.ratings:
        raise Stale(RATED_MEANWHILE)
    if not seen.ratings:
        raise Refused(NOTHING)
    return None


def _record(video: Video, reviewer: User, ratings: Iterable[int], columns: Mapping[str, Any]) -> Review:
    review = Review.objects.create(video=video, reviewer=reviewer, **columns)
    review.ratings.set(ratings)
    rating, scores = review.rating, [review.scores[key] for key in DIMENSION_KEYS]
    record(
        _KINDS[Decision(review.decision)],
        by=reviewer,
        project=video.project,
        person=rating.rater if rating else None,
        subject=video.name,
        **{"scores": scores} if review.decision == Decision.FIX else {},
        **{"version": rating.version, "reason": review.preset} if rating else {},
    )
    return review


_KINDS = {
    Decision.ACCEPT: AuditKind.VERDICT_ACCEPTED,
    Decision.FIX: AuditKind.VERDICT_FIXED,
    Decision.RETURN: AuditKind.RATING_RETURNED,
}


def _turn_into_return(draft: Draft, rating: Rating, review: Review) -> None:
    """What the rater has begun on this rating answers the return. Their open page is told, not trusted."""
    Draft.objects.filter(pk=draft.pk).update(
        stage=Stage.RETURN,
        revises=rating,
        returned=review,
        revision=F("revision") + 1,
        submit_key=uuid.uuid4(),
    )


def _call_back(out: list[int]) -> None:
    """Nobody has to answer these returns any more; what a rater has written stays with them as an edit."""
    drafts = Draft.objects.filter(pk__in=out)
    drafts.filter(revision=0).delete()
    drafts.update(stage=Stage.EDIT, returned=None)
