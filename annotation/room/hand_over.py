"""Seats that the lead frees or hands to somebody. Whoever held one and submits late is kept as extra."""

from datetime import timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.models import Draft, Membership, Project, Rating, Seat, Skip, Stage, User, Video
from annotation.room.queue import hold_rater, lease_on

GIVEN_HOURS = 24  # a seat that was handed to somebody waits for them so long; from opening it on, as any other


class CannotHandOver(Exception):
    """Refused, with words for the lead."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message


FILLED = _("That seat is filled: its rating counts.")
UNPLAYABLE = _("This video cannot be played, so nobody could rate it.")
PAUSED = _("They are paused. Let them go on first.")
HOLDS_ANOTHER = _("They hold a seat of this video already.")
HAS_RATED = _("They have rated this video already.")
HAS_SKIPPED = _("They have skipped this video.")


def free_held(project: Project, rater: User) -> int:
    """Free what the rater holds in this project; how many seats. Their drafts stay.

    The rater stands on the row that is updated, not in a subquery: of a seat that somebody takes over at this
    moment PostgreSQL then sees that it is no longer theirs.
    """
    held = Seat.objects.held_by(rater).filter(video__in=Video.objects.filter(project=project))
    return held.update(holder=None, leased_until=None)


@transaction.atomic
def free_seat(seat: Seat) -> None:
    """Free one seat for whoever comes next. `CannotHandOver` when it was filled meanwhile."""
    _lock_unfilled(seat)
    Seat.objects.filter(pk=seat.pk).update(holder=None, leased_until=None)


@transaction.atomic
def give(seat: Seat, member: Membership) -> None:
    """Hand a free or held seat to this member, for `GIVEN_HOURS`, also above their daily cap.

    `CannotHandOver` when it was filled meanwhile, when the video cannot be played, and when the member is paused,
    or rated, skipped or holds the video already.
    """
    rater = member.user
    hold_rater(rater)
    _lock_unfilled(seat)
    if not Membership.objects.filter(pk=member.pk, paused=False).exists():
        raise CannotHandOver(PAUSED)
    if not Video.objects.watchable().filter(pk=seat.video_id).exists():
        raise CannotHandOver(UNPLAYABLE)
    refusals = {
        HAS_RATED: Rating.objects.live().filter(rater=rater),
        HOLDS_ANOTHER: Seat.objects.filter(holder=rater).exclude(pk=seat.pk),
        HAS_SKIPPED: Skip.objects.filter(rater=rater),
    }
    for message, rows in refusals.items():
        if rows.filter(video=seat.video_id).exists():
            raise CannotHandOver(message)
    until = ExpressionWrapper(Now() + timedelta(hours=GIVEN_HOURS), output_field=DateTimeField())
    Seat.objects.filter(pk=seat.pk).update(holder=rater, leased_until=until)


def take_up_again(project: Project, rater: User) -> None:
    """Give the rater back the seats of what they had begun, where one is free; oldest first."""
    begun = Draft.objects.filter(rater=rater, video__project=project, stage=Stage.FIRST, revision__gt=0)
    for draft in begun.select_related("video__project").order_by("opened_at", "pk"):
        lease_on(draft.video, rater)


def _lock_unfilled(seat: Seat) -> None:
    # A submit that is on its way fills the seat first, or finds it gone.
    locked = Seat.objects.select_for_update().filter(pk=seat.pk).first()
    if locked is None or locked.filled_at is not None:
        raise CannotHandOver(FILLED)
