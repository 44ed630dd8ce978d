"""Settle verdicts: the lower median of a video's counted ratings, once there are as many as the overlap."""

import statistics
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q

from annotation.models import Project, Purpose, Rating, Verdict, VerdictPolicy, Video
from annotation.scale import DIMENSION_KEYS

CHUNK = 1_000


def settle(videos: Iterable[Video]) -> None:
    """Make, renew or remove the verdicts of these videos. The query count depends on chunks of 1,000 only.

    The videos are locked first, so that of two raters who finish at once the later one sees both ratings.
    """
    pks = sorted({video.pk for video in videos})
    for start in range(0, len(pks), CHUNK):
        with transaction.atomic():
            _settle(pks[start : start + CHUNK])


def settle_to_overlap(project: Project) -> None:
    """Make and remove the verdicts that a changed overlap calls for; those that stay are left alone."""
    pks = list(project.videos.order_by("pk").values_list("pk", flat=True))
    counted = Count("ratings", filter=Q(ratings__live=True, ratings__purpose=Purpose.MAIN, ratings__extra=False))
    lacking = Q(verdict=None, n__gte=project.overlap)
    premature = Q(verdict__isnull=False, n__lt=project.overlap)
    for start in range(0, len(pks), CHUNK):
        chunk = pks[start : start + CHUNK]
        with transaction.atomic():
            _lock(chunk)
            videos = Video.objects.filter(pk__in=chunk).annotate(n=counted)
            Verdict.objects.filter(video__in=list(videos.filter(premature).values_list("pk", flat=True))).delete()
            if missing := list(videos.filter(lacking).values_list("pk", flat=True)):
                _settle(missing)


def _lock(video_pks: list[int]) -> dict[int, int]:
    """Lock the videos in order; the overlap of each."""
    locked = Video.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=video_pks).order_by("pk")
    return dict(locked.values_list("pk", "project__overlap"))


def _settle(video_pks: list[int]) -> None:
    overlap = _lock(video_pks)
    ratings: dict[int, list[Rating]] = defaultdict(list)
    for rating in (
        Rating.objects.counted().filter(video__in=video_pks).only("video", *DIMENSION_KEYS).order_by("pk")
    ):
        ratings[rating.video_id].append(rating)
    settled = {pk: ratings[pk] for pk in video_pks if ratings[pk] and len(ratings[pk]) >= overlap[pk]}
    Verdict.objects.filter(video__in=[pk for pk in video_pks if pk not in settled]).delete()
    if settled:
        _store(settled)


def _store(settled: dict[int, list[Rating]]) -> None:
    Verdict.objects.bulk_create(
        [verdict_of(pk, ratings) for pk, ratings in settled.items()],
        update_conflicts=True,
        unique_fields=["video"],
        update_fields=["policy", "settled_at", *DIMENSION_KEYS, *(f"{key}_exact" for key in DIMENSION_KEYS)],
    )
    verdicts = dict(Verdict.objects.filter(video__in=settled).values_list("pk", "video_id"))
    link = Verdict.ratings.through
    wanted = {(pk, rating.pk) for pk, video in verdicts.items() for rating in settled[video]}
    present = dict.fromkeys(link.objects.filter(verdict__in=verdicts).values_list("verdict_id", "rating_id"))
    stale = [rating for verdict, rating in present if (verdict, rating) not in wanted]
    link.objects.filter(verdict__in=verdicts, rating__in=stale).delete()
    link.objects.bulk_create(
        [link(verdict_id=verdict, rating_id=rating) for verdict, rating in sorted(wanted - present.keys())]
    )


def verdict_of(video_pk: int, ratings: list[Rating]) -> Verdict:
    """The verdict (not stored) that these ratings add up to."""
    verdict = Verdict(
        video_id=video_pk, policy=VerdictPolicy.SINGLE if len(ratings) == 1 else VerdictPolicy.MEDIAN
    )
    for key in DIMENSION_KEYS:
        scores = [getattr(rating, key) for rating in ratings]
        setattr(verdict, key, statistics.median_low(scores))
        setattr(verdict, f"{key}_exact", float(statistics.median(scores)))
    return verdict
