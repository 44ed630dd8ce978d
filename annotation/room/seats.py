"""Seats of videos: as many as the project's overlap, no more, no fewer."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from annotation.models import Project, Rating, Seat, Video

CHUNK = 2_000


def make_seats(project: Project, videos: Iterable[Video] | None = None) -> None:
    """Bring the seats of the project's videos (or only of these) to its overlap. Safe to run twice.

    A lowered overlap takes away free seats only: work done or in hand keeps its place. Imported ratings that
    count take a seat each, so that nobody is asked for what is there already.
    """
    pks = project.videos.values_list("pk", flat=True) if videos is None else [video.pk for video in videos]
    for chunk in _chunks(pks):
        with transaction.atomic():
            _bring_to_overlap(project, chunk)
            _seat_imported_ratings(chunk)


def _bring_to_overlap(project: Project, video_pks: list[int]) -> None:
    seats: dict[int, dict[int, int]] = {pk: {} for pk in video_pks}
    free: dict[int, list[int]] = defaultdict(list)
    for pk, video_pk, number in Seat.objects.filter(video__in=video_pks).values_list("pk", "video_id", "number"):
        seats[video_pk][number] = pk
    for pk, video_pk in (
        Seat.objects.free().filter(video__in=video_pks).order_by("-number").values_list("pk", "video_id")
    ):
        free[video_pk].append(pk)
    missing, surplus = [], []
    for video_pk, numbers in seats.items():
        wanted = max(0, project.overlap - len(numbers))
        open_numbers = (number for number in range(1, project.overlap + len(numbers) + 1) if number not in numbers)
        missing += [Seat(video_id=video_pk, number=number) for number in islice(open_numbers, wanted)]
        surplus += free[video_pk][: max(0, len(numbers) - project.overlap)]
    Seat.objects.bulk_create(missing, ignore_conflicts=True)
    Seat.objects.free().filter(pk__in=surplus).delete()


def _seat_imported_ratings(video_pks: list[int]) -> None:
    seated = Seat.objects.filter(video=OuterRef("video"), holder=OuterRef("rater"))
    unseated = Rating.objects.counted().filter(~Exists(seated), video__in=video_pks, imported=True)
    waiting = list(unseated.order_by("pk").values_list("video_id", "rater_id"))
    if not waiting:
        return
    free: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.free().filter(video__in=[video for video, _ in waiting]).order_by("-number"):
        free[seat.video_id].append(seat)
    filled = []
    for video_pk, rater_pk in waiting:
        if free[video_pk]:
            seat = free[video_pk].pop()
            seat.holder_id, seat.leased_until, seat.filled_at = rater_pk, None, Now()
            filled.append(seat)
    Seat.objects.bulk_update(filled, ["holder", "leased_until", "filled_at"], batch_size=500)


def _chunks(pks: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(list(pks))
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
