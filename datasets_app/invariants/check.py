"""What must hold whatever broke: I1 to I12. Each check names the rows that break it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from annotation.models import Rating, Seat, Video
from datasets_app.invariants.acknowledged import lost_ratings
from datasets_app.invariants.files import strayed_files
from datasets_app.invariants.jobs import stray_work
from datasets_app.invariants.leases import overdue_leases
from datasets_app.invariants.rationales import broken_rationales
from datasets_app.invariants.releases import broken_releases
from datasets_app.invariants.reviews import broken_reviews
from datasets_app.invariants.stages import broken_stages, wrong_time_marks


class Invariant(NamedTuple):
    """A promise: its name, what it says, and the check that yields a few words for each row that breaks it."""

    name: str
    says: str
    broken: Callable[[], Iterator[str]]


def invariants(acks: Path | None) -> list[Invariant]:
    """All promises in order; I1 only with a log of acknowledgements."""
    acknowledged = [Invariant("I1", "Every acknowledged rating is stored unchanged", lambda: lost_ratings(acks))]
    return [
        *(acknowledged if acks else []),
        Invariant("I2", "At most one live rating per video, rater and purpose", repeated_live_ratings),
        Invariant("I3", "No more ratings count than there are seats", miscounted_videos),
        Invariant("I4", "Each rating has its history", broken_histories),
        Invariant("I5", "No lease is past its end and one sweep", overdue_leases),
        Invariant("I6", "Every job is queued, leased, done or failed with a reason", stray_work),
        Invariant("I7", "Release files match their sha256", broken_releases),
        Invariant("I8", "Files and rows correspond", strayed_files),
        Invariant("I9", "Versions, their stages and what they were shown fit together", broken_stages),
        Invariant("I10", "Reviews, verdicts and cases fit together", broken_reviews),
        Invariant("I11", "Time marks are those of the reasons", wrong_time_marks),
        Invariant("I12", "Edited rationales and adjustments fit their videos and their rule", broken_rationales),
    ]


def repeated_live_ratings() -> Iterator[str]:
    groups = Rating.objects.live().values("video", "rater", "purpose").annotate(n=Count("pk")).filter(n__gt=1)
    for group in groups.order_by("video", "rater"):
        yield f"video {group['video']}, rater {group['rater']}, {group['purpose']}: {group['n']} live ratings"


def miscounted_videos() -> Iterator[str]:
    """Videos whose counted ratings and filled seats differ, or with free seats beyond the overlap.

    A lowered overlap keeps what was rated before: then the filled seats are the limit. A worker may still be at
    taking away the free ones: those of such a project are not looked at.
    """
    filled = _of_video(Seat.objects.filter(filled_at__isnull=False))
    both = Video.objects.annotate(counted=_of_video(Rating.objects.counted()), filled=filled)
    uneven = both.exclude(counted=F("filled")).order_by("pk")
    for pk, ratings, seats in uneven.values_list("pk", "counted", "filled"):
        yield f"video {pk}: {ratings} counted ratings, {seats} filled seats"
    taken = Count("seats", filter=Q(seats__holder__isnull=False) | Q(seats__filled_at__isnull=False))
    videos = Video.objects.filter(project__overlap_due_at=None).annotate(places=Count("seats"), taken=taken)
    too_many = videos.filter(places__gt=Greatest(F("project__overlap"), F("taken")))
    for pk, places, overlap in too_many.order_by("pk").values_list("pk", "places", "project__overlap"):
        yield f"video {pk}: {places} seats, overlap {overlap}"


def broken_histories() -> Iterator[str]:
    """Versions run from 1 without a gap; the newest of those that were not taken back is live."""
    histories = Rating.objects.values("video", "rater", "purpose").annotate(
        versions=Count("version", distinct=True),
        newest=Max("version"),
        live=Max("version", filter=Q(live=True)),
        standing=Max("version", filter=Q(withdrawn_at=None)),
    )
    for history in histories.order_by("video", "rater", "purpose").iterator():
        newest, live = history["newest"], history["live"]
        if history["versions"] != newest or live != history["standing"]:
            yield (
                f"video {history['video']}, rater {history['rater']}, {history['purpose']}: "
                f"{history['versions']} versions up to {newest}, live {live}"
            )


def _of_video(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows each video has."""
    counted = rows.filter(video=OuterRef("pk")).order_by().values("video").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
