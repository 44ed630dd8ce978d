"""Seats of videos: as many as the project's overlap, no more, no fewer; an example of the guidelines has none."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection, transaction

from annotation.models import GuidelineExample, Project, Seat, Video

CHUNK = 2_000


def make_seats(project: Project, videos: Iterable[Video] | None = None) -> None:
    """Bring the seats of the project's videos (or only of these) to its overlap. Safe to run twice.

    A lowered overlap takes away free seats only: work done or in hand keeps its place.
    """
    pks = project.videos.values_list("pk", flat=True) if videos is None else [video.pk for video in videos]
    for chunk in _chunks(pks):
        with transaction.atomic():
            _bring_to_overlap(_overlap(project), chunk)


def make_first_seats(project: Project, videos: Iterable[Video]) -> None:
    """The seats of videos that this transaction made, which have none yet."""
    numbers = ", ".join(f"({number})" for number in range(1, _overlap(project) + 1))
    for chunk in _chunks(video.pk for video in videos):
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Seat._meta.db_table} (video_id, number) "  # noqa: S608  names and numbers of our own
                f"SELECT video.id, column1 FROM {Video._meta.db_table} AS video, (VALUES {numbers}) AS numbers "
                f"WHERE video.id IN ({', '.join(['%s'] * len(chunk))})",
                chunk,
            )


def _overlap(project: Project) -> int:
    """The project's overlap, as it stays until the transaction ends.

    Imports hold the project while they land: whoever comes after a change sees it, what came before is seen.
    """
    held = Project.objects.select_for_update(no_key=True).filter(pk=project.pk)
    return held.values_list("overlap", flat=True).get()


def _bring_to_overlap(overlap: int, video_pks: list[int]) -> None:
    seats: dict[int, dict[int, int]] = {pk: {} for pk in video_pks}
    free: dict[int, list[int]] = defaultdict(list)
    for pk, video_pk, number in Seat.objects.filter(video__in=video_pks).values_list("pk", "video_id", "number"):
        seats[video_pk][number] = pk
    for pk, video_pk in (
        Seat.objects.free().filter(video__in=video_pks).order_by("-number").values_list("pk", "video_id")
    ):
        free[video_pk].append(pk)
    shown = set(GuidelineExample.objects.filter(video__in=video_pks).values_list("video_id", flat=True))
    missing, surplus = [], []
    for video_pk, numbers in seats.items():
        places = 0 if video_pk in shown else overlap
        wanted = max(0, places - len(numbers))
        open_numbers = (number for number in range(1, overlap + len(numbers) + 1) if number not in numbers)
        missing += [Seat(video_id=video_pk, number=number) for number in islice(open_numbers, wanted)]
        surplus += free[video_pk][: max(0, len(numbers) - places)]
    Seat.objects.bulk_create(missing, ignore_conflicts=True)
    Seat.objects.free().filter(pk__in=surplus).delete()


def _chunks(pks: Iterable[int]) -> Iterator[list[int]]:
    remaining = iter(list(pks))
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
