"""Who holds which seat, for the lead's pages."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from annotation.models import Membership, Project, Seat, Video


@dataclass(frozen=True)
class SeatLine:
    """One seat of a video. A lease past its end still names its holder, and anybody may take the seat."""

    seat: Seat
    now: datetime

    @property
    def filled(self) -> bool:
        return self.seat.filled_at is not None

    @property
    def held(self) -> bool:
        return self.seat.leased_until is not None and self.seat.leased_until >= self.now

    @property
    def lapsed(self) -> bool:
        return self.seat.leased_until is not None and not self.held


def held_by_person(project: Project) -> dict[int, list[SeatLine]]:
    """Leased seats with their videos, by the holder's primary key, the one that ends first at the top."""
    held: dict[int, list[SeatLine]] = defaultdict(list)
    seats = Seat.objects.filter(video__project=project, leased_until__isnull=False).select_related("video")
    now = timezone.now()
    for seat in seats.order_by("leased_until", "pk"):
        if seat.holder_id is not None:
            held[seat.holder_id].append(SeatLine(seat, now))
    return held


def seat_lines(video: Video) -> list[SeatLine]:
    """The video's seats by number, their holders loaded."""
    now = timezone.now()
    return [SeatLine(seat, now) for seat in video.seats.select_related("holder").order_by("number")]


def may_be_given(project: Project) -> list[Membership]:
    """Whom a lead may hand a seat to."""
    return list(project.memberships.filter(paused=False).select_related("user").order_by("user__username"))
