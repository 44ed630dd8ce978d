"""Pass a video over, with a reason. Its seat is free again; it is not offered to this rater a second time."""

from django.db import transaction

from annotation.models import Draft, Rating, Seat, Skip, User, Video
from annotation.room.drafts import ENDED, Conflict
from annotation.room.queue import hold_rater


@transaction.atomic
def skip(*, video: Video, rater: User, reason: str) -> Skip:
    """Skip the video; a repeated request keeps the first reason.

    Raises `Conflict` when it is rated already, or was taken down meanwhile.
    """
    hold_rater(rater)
    if not Video.objects.filter(pk=video.pk).exists():
        raise Conflict(ENDED, None)
    rated = Rating.objects.live().filter(video=video, rater=rater).first()
    if rated is not None:
        raise Conflict(ENDED, rated)
    skipped, _ = Skip.objects.get_or_create(video=video, rater=rater, defaults={"reason": reason})
    Seat.objects.held_by(rater).filter(video=video).update(holder=None, leased_until=None)
    Draft.objects.filter(video=video, rater=rater).delete()
    return skipped
