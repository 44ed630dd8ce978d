"""Submit a rating, and take it back while the toast is up. Each is one transaction under the rater's own row."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import Draft, Purpose, Rating, Seat, User, Video
from annotation.models.scores import Shown
from annotation.room.drafts import EDITED_ELSEWHERE, ENDED, Conflict
from annotation.room.forms import Answers
from annotation.room.queue import hold_rater, lease_end
from annotation.room.ranking import rank_after_rating
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS

TAKE_BACK_SECONDS = 10 + 2  # as long as the toast, and a little for the way here


class TooLate(Exception):
    """There is no rating that could still be taken back."""


@transaction.atomic
def submit(*, video: Video, rater: User, answers: Answers, revision: int, submit_key: UUID) -> Rating:
    """Turn the rater's draft into a rating, fill their seat, settle the verdict. All three scores are needed.

    A repeated `submit_key` with the same answers gives the rating it made. Without a seat (the lease ended and
    others took them all) the rating is kept as extra. Raises `Conflict` when the draft has moved on.
    """
    hold_rater(rater)
    repeated = Rating.objects.filter(submit_key=submit_key, rater=rater, video=video).first()
    draft = Draft.objects.select_for_update().filter(video=video, rater=rater).first()
    if repeated is not None and repeated.live and answers.equal(repeated):
        return repeated
    if draft is None:
        stored = repeated or Rating.objects.live().filter(video=video, rater=rater).first()
        raise Conflict(ENDED, stored)
    if draft.submit_key != submit_key or (draft.revision != revision and not answers.equal(draft)):
        raise Conflict(EDITED_ELSEWHERE, draft)
    rating = _store(draft, answers, extra=not _fill_seat(video, rater))
    draft.delete()
    settle([video])
    rank_after_rating(video)
    return rating


@transaction.atomic
def take_back(*, video: Video, rater: User) -> Draft:
    """Withdraw the rating submitted within `TAKE_BACK_SECONDS`; its seat and its draft are the rater's again.

    The withdrawn version stays in the history. Raises `TooLate` when there is no such rating.
    """
    hold_rater(rater)
    since = timezone.now() - timedelta(seconds=TAKE_BACK_SECONDS)
    rating = (
        Rating.objects.live()
        .filter(video=video, rater=rater, purpose=Purpose.MAIN, imported=False, submitted_at__gte=since)
        .first()
    )
    if rating is None:
        raise TooLate
    Rating.objects.filter(pk=rating.pk).update(live=False, withdrawn_at=Now())
    if not rating.extra:
        filled = Seat.objects.filter(video=video, holder=rater, filled_at__isnull=False)
        filled.update(filled_at=None, leased_until=lease_end(video.project))
    draft = Draft.objects.create(
        video=video, rater=rater, arm=rating.arm, opened_at=_opened_at(rating), **_carried(rating)
    )
    settle([video])
    rank_after_rating(video)
    return draft


def _store(draft: Draft, answers: Answers, *, extra: bool) -> Rating:
    main = Rating.objects.filter(video=draft.video_id, rater=draft.rater_id, purpose=Purpose.MAIN)
    return Rating.objects.create(
        video_id=draft.video_id,
        rater_id=draft.rater_id,
        version=(main.aggregate(last=Max("version"))["last"] or 0) + 1,
        arm=draft.arm,
        extra=extra,
        submit_key=draft.submit_key,
        seconds=(timezone.now() - draft.opened_at).total_seconds() if draft.opened_at else None,
        **answers.columns,
        **_shown(draft),
    )


def _fill_seat(video: Video, rater: User) -> bool:
    """Fill the rater's seat, or another free one if theirs was taken. False when there is none."""
    seats = Seat.objects.filter(video=video)
    if seats.held_by(rater).update(leased_until=None, filled_at=Now()):
        return True
    free = seats.free().select_for_update(skip_locked=True).order_by("number").values_list("pk", flat=True).first()
    return bool(free and seats.filter(pk=free).update(holder=rater, leased_until=None, filled_at=Now()))


def _shown(record: Shown) -> dict[str, Any]:
    shown = {f"{key}_shown": score for key, score in record.shown.items()}
    return {"suggestion_id": record.suggestion_id, "shown_at": record.shown_at, **shown}


def _carried(rating: Rating) -> dict[str, Any]:
    """What a draft takes over from the rating that is taken back."""
    columns = [*DIMENSION_KEYS, *(f"{key}_reason" for key in DIMENSION_KEYS), "flagged"]
    return {column: getattr(rating, column) for column in columns} | _shown(rating)


def _opened_at(rating: Rating) -> Any:
    return rating.submitted_at - timedelta(seconds=rating.seconds) if rating.seconds is not None else None
