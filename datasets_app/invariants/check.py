"""What must hold whatever broke: I1 to I8 of the reliability promises. Each check names the rows that break it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from annotation.models import Rating, Seat, Suggestion, Video
from annotation.scale import DIMENSION_KEYS
from datasets_app.invariants.files import broken_releases, strayed_files
from datasets_app.invariants.leases import overdue_leases
from scoring.models import Job, JobState

PLAIN_COLUMNS = (*DIMENSION_KEYS, *(f"{key}_reason" for key in DIMENSION_KEYS), "flagged")


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
        Invariant("I6", "Every job is queued, leased, done or failed with a reason", stray_jobs),
        Invariant("I7", "Release files match their sha256", broken_releases),
        Invariant("I8", "Files and rows correspond", strayed_files),
    ]


def lost_ratings(acks: Path | None) -> Iterator[str]:
    """Compare a log with what is stored: one JSON object a line, the submit's answer with what was sent.

    `rating` is the rating's number; of scores, reasons, flag and `submit_key` those that a line has must be
    equal. An unreadable line is named too.
    """
    lines = acks.read_bytes().split(b"\n") if acks else []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            ack = json.loads(line)
            rating = Rating.objects.filter(pk=ack["rating"]).first()
            wrong = _differences(ack, rating) if rating else ["is not stored"]
        except (ValueError, KeyError, TypeError):
            yield f"line {number} is no acknowledgement"
            continue
        if wrong:
            yield f"line {number}: rating {ack['rating']} {', '.join(wrong)}"


def repeated_live_ratings() -> Iterator[str]:
    groups = Rating.objects.live().values("video", "rater", "purpose").annotate(n=Count("pk")).filter(n__gt=1)
    for group in groups.order_by("video", "rater"):
        yield f"video {group['video']}, rater {group['rater']}, {group['purpose']}: {group['n']} live ratings"


def miscounted_videos() -> Iterator[str]:
    """Videos whose counted ratings and filled seats differ, or with free seats beyond the overlap.

    A lowered overlap keeps what was rated before: then the filled seats are the limit.
    """
    counted = _per_video(Rating.objects.counted())
    filled = _per_video(Seat.objects.filter(filled_at__isnull=False))
    for pk in sorted(counted.keys() | filled.keys()):
        if counted.get(pk, 0) != filled.get(pk, 0):
            yield f"video {pk}: {counted.get(pk, 0)} counted ratings, {filled.get(pk, 0)} filled seats"
    taken = Count("seats", filter=Q(seats__holder__isnull=False) | Q(seats__filled_at__isnull=False))
    videos = Video.objects.annotate(places=Count("seats"), taken=taken)
    too_many = videos.filter(places__gt=Greatest(F("project__overlap"), F("taken")))
    for pk, places, overlap in too_many.order_by("pk").values_list("pk", "places", "project__overlap"):
        yield f"video {pk}: {places} seats, overlap {overlap}"


def broken_histories() -> Iterator[str]:
    """Versions run from 1 without a gap; the live one, where there is one, is the newest."""
    histories = Rating.objects.values("video", "rater", "purpose").annotate(
        versions=Count("version", distinct=True),
        newest=Max("version"),
        live=Max("version", filter=Q(live=True)),
        withdrawn=Max("version", filter=Q(withdrawn_at__isnull=False)),
    )
    for history in histories.order_by("video", "rater", "purpose").iterator():
        newest, live = history["newest"], history["live"]
        if history["versions"] != newest or newest not in (live, history["withdrawn"] if live is None else live):
            yield (
                f"video {history['video']}, rater {history['rater']}, {history['purpose']}: "
                f"{history['versions']} versions up to {newest}, live {live}"
            )


def stray_jobs() -> Iterator[str]:
    answered = Suggestion.objects.filter(
        video=OuterRef("video"), scorer_version=OuterRef("scorer_version"), sample=OuterRef("sample")
    )
    held = Q(lease__isnull=False, leased_until__isnull=False)
    checks = {
        "unknown state": ~Q(state__in=JobState.values),
        "leased without a lease": Q(state=JobState.LEASED) & ~held,
        "failed without a reason": Q(state=JobState.FAILED, reason=""),
        "done without a suggestion": Q(state=JobState.DONE) & ~Exists(answered),
    }
    for words, condition in checks.items():
        for pk, state in Job.objects.filter(condition).order_by("pk").values_list("pk", "state"):
            yield f"job {pk} ({state}): {words}"


def _differences(ack: dict[str, Any], rating: Rating) -> list[str]:
    wrong = [column for column in PLAIN_COLUMNS if column in ack and ack[column] != getattr(rating, column)]
    if "submit_key" in ack and UUID(str(ack["submit_key"])) != rating.submit_key:
        wrong.append("submit_key")
    return [f"{column} differs" for column in wrong]


def _per_video(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values_list("video").annotate(n=Count("pk")))
