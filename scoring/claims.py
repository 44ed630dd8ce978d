"""Claiming jobs and ending them: conditional on a fencing token, all on the database's clock.

Whoever lost its lease is refused: no row has its token any more, and nothing else is written.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from annotation.models import ScorerVersion, Video
from scoring.models import MAX_ATTEMPTS, Job, JobState, new_lease
from scoring.protocol import Answer
from scoring.store import store


def claim(version: ScorerVersion, limit: int, *, untried: bool = False) -> list[Job]:
    """Lease up to `limit` queued jobs, each with its video and prompt; none twice. Empty when there are none.

    First samples come first. A job that failed before is claimed alone, and not at all where only `untried` ones
    are wanted, so that one that kills its worker takes no other with it.
    """
    token = new_lease()
    with transaction.atomic():
        waiting = list(
            Job.objects.queued()
            .filter(scorer_version=version)
            .order_by("attempts", "sample", "created_at", "pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", "attempts")[:limit]
        )
        fresh = [pk for pk, attempts in waiting if attempts == 0]
        chosen = fresh or [pk for pk, _ in waiting[: 0 if untried else 1]]
        if not chosen:
            return []
        Job.objects.filter(pk__in=chosen).update(
            state=JobState.LEASED, lease=token, leased_until=_lease_end(), attempts=F("attempts") + 1
        )
    jobs = Job.objects.filter(pk__in=chosen, lease=token).select_related("video__prompt")
    return list(jobs.order_by("sample", "created_at", "pk"))


def extend(jobs: list[Job]) -> None:
    """Hold these jobs' leases from now for another full length; those that were lost stay lost."""
    with transaction.atomic():
        Job.objects.filter(pk__in=_locked(jobs)).update(leased_until=_lease_end())


def finish(answers: Mapping[Job, Answer]) -> set[int]:
    """Store the answers of one claim's jobs and end them in one transaction; the keys of the jobs still held.

    Of those whose lease was lost nothing is stored. Raises `IntegrityError` or `DataError`, with nothing stored
    of any, where one answer breaks a rule of the database.
    """
    jobs = list(answers)
    with transaction.atomic():
        _lock_videos(jobs)
        held = _locked(jobs)
        store({job: answer for job, answer in answers.items() if job.pk in held})
        Job.objects.filter(pk__in=held).update(
            state=JobState.DONE, lease=None, leased_until=None, finished_at=Now(), reason=""
        )
    return held


def fail(job: Job, reason: str, *, permanent: bool = False) -> bool:
    """Give up on this attempt: queued again, or failed for good after the last. False if the lease was lost."""
    changes: dict[str, Any] = {"state": JobState.QUEUED}
    if permanent or job.attempts >= MAX_ATTEMPTS:
        changes = {"state": JobState.FAILED, "finished_at": Now()}
    storable = reason.encode("utf-8", "replace").decode().replace("\x00", "")
    changes |= {"lease": None, "leased_until": None, "reason": storable or "no reason given"}
    return bool(Job.objects.filter(pk=job.pk).held_with(job.lease).update(**changes))


def release(jobs: list[Job]) -> None:
    """Give jobs back untried: the attempt does not count."""
    with transaction.atomic():
        Job.objects.filter(pk__in=_locked(jobs)).update(
            state=JobState.QUEUED, lease=None, leased_until=None, attempts=F("attempts") - 1
        )


def _lease_end() -> Combinable:
    return Now() + timedelta(seconds=settings.SCORING_LEASE_SECONDS)


def _locked(jobs: list[Job]) -> set[int]:
    """Those of one claim's jobs that are still held, locked; in one order everywhere, against deadlocks."""
    if not jobs:
        return set()
    held = Job.objects.filter(pk__in=[job.pk for job in jobs]).held_with(jobs[0].lease)
    return set(held.order_by("pk").select_for_update().values_list("pk", flat=True))


def _lock_videos(jobs: list[Job]) -> None:
    """Two workers that store samples of one video at once do so one after the other, and the second sees both."""
    videos = Video.objects.filter(pk__in={job.video_id for job in jobs}).order_by("pk")
    list(videos.select_for_update(no_key=True).values_list("pk"))
