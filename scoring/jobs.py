"""Asking scorers about videos: jobs are queued, retried or cancelled on request, swept when something was lost.

The table is the truth. Doorbells tell workers to look; a lost one costs time until the next sweep, never work.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Now

from annotation.models import Project, ScorerVersion, Video
from scoring.doorbells import ring_drain
from scoring.models import MAX_ATTEMPTS, Heartbeat, Job, JobState

CHUNK = 1000  # videos a statement
MOST_SAMPLES = 10
RING_AGAIN_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)  # a process that was not seen since
LOST_WORKER = f"its worker stopped {MAX_ATTEMPTS} times before it answered"


def enqueue(version: ScorerVersion, videos: Iterable[Video], samples: int = 1) -> int:
    """Queue `samples` jobs for each video that has a file, but for those it has, and wake workers; jobs queued.

    Safe to repeat and to run twice at once: a video has one job per version and sample.
    """
    if not 1 <= samples <= MOST_SAMPLES:
        raise ValueError(f"1 to {MOST_SAMPLES} samples, not {samples}")
    queued = 0
    with transaction.atomic():
        for chunk in _chunks(video for video in videos if video.original):
            known = Job.objects.filter(scorer_version=version, video__in=chunk)
            asked = set(known.values_list("video_id", "sample"))
            jobs = [
                Job(video=video, scorer_version=version, sample=sample, published_at=Now())
                for sample in range(samples)
                for video in {video.pk: video for video in chunk}.values()
                if (video.pk, sample) not in asked
            ]
            Job.objects.bulk_create(jobs, ignore_conflicts=True)
            queued += len(jobs)
        if queued:
            ring_drain(version, jobs=queued)
    return queued


def retry_failed(version: ScorerVersion, project: Project) -> int:
    """Give this project's failed jobs of the version three new attempts; how many they are."""
    failed = Job.objects.failed().filter(scorer_version=version, video__in=project.videos.all())
    with transaction.atomic():
        again = failed.update(state=JobState.QUEUED, attempts=0, reason="", finished_at=None, published_at=Now())
        if again:
            ring_drain(version, jobs=again)
    return again


def cancel(version: ScorerVersion, project: Project) -> int:
    """Take this project's waiting jobs of the version back; how many they were. What runs is finished.

    What was taken back can be asked again.
    """
    waiting = Job.objects.queued().filter(scorer_version=version, video__in=project.videos.all())
    deleted, _ = waiting.delete()
    return deleted


def sweep() -> int:
    """Re-queue what lost its worker and ring for versions that nobody was told about lately; jobs re-queued.

    Attempts that ended with their worker count: the third fails the job with its reason.
    """
    with transaction.atomic():
        overdue = list(Job.objects.overdue().select_for_update(skip_locked=True).values_list("pk", "attempts"))
        lost = [pk for pk, attempts in overdue if attempts >= MAX_ATTEMPTS]
        again = [pk for pk, attempts in overdue if attempts < MAX_ATTEMPTS]
        Job.objects.overdue().filter(pk__in=lost).update(
            state=JobState.FAILED, lease=None, leased_until=None, finished_at=Now(), reason=LOST_WORKER
        )
        Job.objects.overdue().filter(pk__in=again).update(
            state=JobState.QUEUED, lease=None, leased_until=None, published_at=None
        )
    Heartbeat.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()
    _ring_again()
    return len(again)


def _ring_again() -> None:
    """Ring for each version whose newest doorbell is old while jobs wait: once if somebody drains it already."""
    unheard = (
        Job.objects.queued()
        .values("scorer_version")
        .annotate(newest=Max("published_at"), last=Max("pk"))
        .filter(Q(newest__isnull=True) | Q(newest__lt=Now() - RING_AGAIN_AFTER))
    )
    for row in unheard:
        version = ScorerVersion.objects.select_related("scorer").get(pk=row["scorer_version"])
        jobs = Job.objects.filter(scorer_version=version)
        jobs.filter(pk=row["last"]).update(published_at=Now())
        drained = jobs.filter(state=JobState.LEASED).exists()
        ring_drain(version, jobs=1 if drained else jobs.queued().count())


def _chunks(videos: Iterator[Video]) -> Iterator[list[Video]]:
    while chunk := list(islice(videos, CHUNK)):
        yield chunk
