"""Submit a rating, and take it back while the toast is up. Each is one transaction under the rater's own row."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models import Arm, CheckMark, Draft, Purpose, Rating, Seat, Stage, TimeMark, User, Video
from annotation.models.scores import Shown
from annotation.prepared import Prepared, PreparedChange, PreparedWrite, changing, deleting, insert
from annotation.review.cases import is_decided, look_at
from annotation.room.checks import Finding
from annotation.room.drafts import EDITED_ELSEWHERE, ENDED, Conflict, columns_of, plain_draft, suggestion_for
from annotation.room.forms import NOT_SAID, Answers, Played
from annotation.room.queue import hold_rater, lease_end
from annotation.room.ranking import rank_after_rating
from annotation.room.settle import lock_videos, settle
from annotation.scale import DIMENSION_KEYS
from annotation.time_marks import moments_in

TAKE_BACK_SECONDS = 10 + 2  # as long as the toast, and a little for the way here
REVIEWED = _("A reviewer has decided about this rating, so it can no longer be edited.")


_take_draft: PreparedChange[Draft] = PreparedChange(
    lambda rater_pk, video_pk, submit_key: deleting(
        Draft.objects.filter(rater=rater_pk, video=video_pk, submit_key=submit_key)
    )
)


class TooLate(Exception):
    """There is no rating that could still be taken back."""


@transaction.atomic
def submit(
    *,
    video: Video,
    rater: User,
    answers: Answers,
    revision: int,
    submit_key: UUID,
    played: Played = NOT_SAID,
    found: Iterable[Finding] = (),
) -> Rating:
    """Turn the rater's draft into a rating, fill their seat, settle the verdict. All three scores are needed.

    A draft that revises a rating becomes its next version and takes no seat. In the arm `reveal` a first
    version is followed by a draft that shows the suggestion. `found` is what the check before submit found and
    the rater let stand. A repeated `submit_key` with the same answers gives the rating it made. Without a seat
    (the lease ended and others took them all) the rating is kept as extra. Raises `Conflict` when the draft
    has moved on.
    """
    hold_rater(rater)
    draft = _take_draft.first(rater.pk, video.pk, submit_key)  # there again where anything below raises
    if draft is None:
        return _repeated(video, rater, answers, submit_key)
    draft.video = video  # loaded already
    if draft.revision != revision and not answers.equal(draft):
        raise Conflict(EDITED_ELSEWHERE, draft)
    extra = _is_extra(draft) if draft.revises_id is None else _replace(draft, draft.revises_id)
    rating = _store(draft, answers, played, extra=extra)
    _mark(rating, found)
    if rating.arm == Arm.REVEAL and rating.stage == Stage.FIRST:
        _reveal(rating)
    _follow_up(video)
    return rating


@transaction.atomic
def take_back(*, video: Video, rater: User) -> Draft:
    """Withdraw the version submitted within `TAKE_BACK_SECONDS`; its draft is the rater's again.

    With a first version its seat is theirs again, too; a later one leaves the version before it live. The
    withdrawn version stays in the history. Raises `TooLate` when there is no such rating, when a reviewer has
    decided about it, and when the model was revealed on it: what was said before stays as it was.
    """
    hold_rater(rater)
    lock_videos([video.pk])
    since = timezone.now() - timedelta(seconds=TAKE_BACK_SECONDS)
    rating = (
        Rating.objects.live()
        .filter(video=video, rater=rater, purpose=Purpose.MAIN, imported=False, submitted_at__gte=since)
        .first()
    )
    if rating is None or is_decided(rating) or Draft.objects.filter(video=video, rater=rater).exists():
        raise TooLate
    Rating.objects.filter(pk=rating.pk).update(live=False, withdrawn_at=Now())
    if rating.revises_id:
        Rating.objects.filter(pk=rating.revises_id).update(live=True)
    elif not rating.extra:
        filled = Seat.objects.filter(video=video, holder=rater, filled_at__isnull=False)
        filled.update(filled_at=None, leased_until=lease_end(video.project))
        # Made an example of the guidelines meanwhile: then it has no seat to give back.
        Seat.objects.filter(video=video, filled_at=None, video__guideline_example__isnull=False).delete()
    draft = draft_from(rating, stage=rating.stage, revises_id=rating.revises_id, returned_id=rating.returned_id)
    _follow_up(video)
    return draft


def draft_from(rating: Rating, *, stage: str, **fields: Any) -> Draft:
    """A draft that starts with what this rating says, and shows of the model what it was shown."""
    opened_at = rating.submitted_at - timedelta(seconds=rating.seconds) if rating.seconds is not None else None
    return Draft.objects.create(
        video_id=rating.video_id,
        rater_id=rating.rater_id,
        arm=rating.arm,
        stage=stage,
        **{"opened_at": opened_at if stage == rating.stage else None} | _carried(rating) | fields,
    )


def _repeated(video: Video, rater: User, answers: Answers, submit_key: UUID) -> Rating:
    """The rating that this key made of the same answers; raises `Conflict` where there is none."""
    repeated = Rating.objects.filter(submit_key=submit_key, rater=rater, video=video).first()
    if repeated is not None and repeated.live and answers.equal(repeated):
        return repeated
    draft = plain_draft(rater, video)
    if draft is not None:
        raise Conflict(EDITED_ELSEWHERE, draft)
    raise Conflict(ENDED, repeated or Rating.objects.live().filter(video=video, rater=rater).first())


def _store(draft: Draft, answers: Answers, played: Played, *, extra: bool) -> Rating:
    rating = Rating(
        video=draft.video,
        rater_id=draft.rater_id,
        version=max((last for (last,) in _latest_version(draft.video_id, draft.rater_id)), default=0) + 1,
        stage=draft.stage,
        revises_id=draft.revises_id,
        returned_id=draft.returned_id,
        arm=draft.arm,
        extra=extra,
        submit_key=draft.submit_key,
        seconds=(timezone.now() - draft.opened_at).total_seconds() if draft.opened_at else None,
        **answers.columns,
        **_shown(draft),
        **{name: _more(getattr(draft, name), number) for name, number in vars(played).items()},
    )
    insert(rating)
    return rating


@Prepared
def _latest_version(video_pk: int, rater_pk: int) -> "QuerySet[Any, Any]":
    """The number of the newest version."""
    main = Rating.objects.filter(video=video_pk, rater=rater_pk, purpose=Purpose.MAIN)
    return main.order_by().values("rater").annotate(last=Max("version")).values_list("last")


def _replace(draft: Draft, revised_pk: int) -> bool:
    """Let the version that this draft revises live no longer; whether it was an extra one."""
    lock_videos([draft.video_id])  # a reviewer may be deciding about it
    revised = Rating.objects.live().filter(pk=revised_pk).first()
    if revised is None:
        raise Conflict(ENDED, Rating.objects.live().filter(video=draft.video_id, rater=draft.rater_id).first())
    if draft.stage == Stage.EDIT and is_decided(revised):
        raise Conflict(REVIEWED, revised)
    Rating.objects.filter(pk=revised.pk).update(live=False)
    return revised.extra


def _is_extra(draft: Draft) -> bool:
    """Fill the rater's seat, or another free one if theirs was taken. True when there is none."""
    seats = Seat.objects.filter(video=draft.video_id)
    if _fill(draft.video_id, draft.rater_id):
        return False
    free = seats.free().select_for_update(skip_locked=True).order_by("number").values_list("pk", flat=True).first()
    taken = free and seats.filter(pk=free).update(holder=draft.rater_id, leased_until=None, filled_at=Now())
    return not taken


_fill = PreparedWrite(
    lambda video_pk, rater_pk: changing(
        Seat.objects.held_by(User(pk=rater_pk)).filter(video=video_pk), leased_until=None, filled_at=Now()
    )
)


def _mark(rating: Rating, found: Iterable[Finding]) -> None:
    """Store the moments that the reasons name, and what the check found."""
    insert(
        *(
            TimeMark(rating=rating, dimension=key, seconds=moment.seconds, frame=moment.frame)
            for key, reason in rating.reasons.items()
            for moment in moments_in(reason)
        )
    )
    insert(*(CheckMark(rating=rating, dimension=finding.dimension, found=finding.found) for finding in found))


def _reveal(rating: Rating) -> None:
    """Let the rater see the suggestion beside what they said, and revise it; nothing where there is none."""
    suggestion = suggestion_for(rating.video.project, rating.video_id)
    if suggestion is not None:
        shown = columns_of(suggestion) | {"shown_at": Now(), "opened_at": Now()}
        draft_from(rating, stage=Stage.REVEAL, revises=rating, **shown)


def _follow_up(video: Video) -> None:
    """Bring up to date what depends on the video's live ratings."""
    settle([video])
    look_at([video])
    rank_after_rating(video)


def _shown(record: Shown) -> dict[str, Any]:
    shown = {f"{key}_shown": score for key, score in record.shown.items()}
    return {"suggestion_id": record.suggestion_id, "shown_at": record.shown_at, **shown}


def _carried(rating: Rating) -> dict[str, Any]:
    """What a draft takes over from a rating."""
    columns = [*DIMENSION_KEYS, *(f"{key}_reason" for key in DIMENSION_KEYS), "flagged"]
    played = ["watched", "plays", "stalls"]
    return {column: getattr(rating, column) for column in [*columns, *played]} | _shown(rating)


def _more(one: float | None, other: float | None) -> float | None:
    return max((number for number in (one, other) if number is not None), default=None)
