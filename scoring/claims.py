"""Claiming jobs and finishing them: conditional updates on a fencing token, all on the database's clock.

Whoever lost its lease is refused: the update finds no row with its token, and nothing else is written.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from annotation.models import Distribution, ScorerVersion, Suggestion
from scoring.models import MAX_ATTEMPTS, Job, JobQuerySet, JobState, new_lease
from scoring.protocol import Answer, Probabilities


def claim(version: ScorerVersion, limit: int) -> list[Job]:
    """Lease up to `limit` queued jobs, each with its video and prompt; none twice. Empty when there are none.

    A job that failed before is claimed alone, so that one that kills its worker takes no other with it.
    """
    token = new_lease()
    with transaction.atomic():
        waiting = list(
            Job.objects.queued()
            .filter(scorer_version=version)
            .order_by("attempts", "created_at", "pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", "attempts")[:limit]
        )
        fresh = [pk for pk, attempts in waiting if attempts == 0]
        chosen = fresh or [pk for pk, _ in waiting[:1]]
        Job.objects.queued().filter(pk__in=chosen).update(
            state=JobState.LEASED, lease=token, leased_until=_lease_end(), attempts=F("attempts") + 1
        )
    jobs = Job.objects.filter(pk__in=chosen, lease=token).select_related("video__prompt")
    return list(jobs.order_by("created_at", "pk"))


def extend(jobs: list[Job]) -> None:
    """Hold these jobs' leases from now for another full length; those that were lost stay lost."""
    if jobs:
        _batch(jobs).update(leased_until=_lease_end())


def finish(job: Job, answer: Answer) -> bool:
    """Store the answer and end the job in one transaction. False, and nothing stored, if the lease was lost."""
    with transaction.atomic():
        held = (
            Job.objects.filter(pk=job.pk)
            .held_with(job.lease)
            .update(state=JobState.DONE, lease=None, leased_until=None, finished_at=Now(), reason="")
        )
        if held:
            _store(job, answer)
    return bool(held)


def fail(job: Job, reason: str, *, permanent: bool = False) -> bool:
    """Give up on this attempt: queued again, or failed for good after the last. False if the lease was lost."""
    changes: dict[str, Any] = {"state": JobState.QUEUED}
    if permanent or job.attempts >= MAX_ATTEMPTS:
        changes = {"state": JobState.FAILED, "finished_at": Now()}
    changes |= {"lease": None, "leased_until": None, "reason": reason or "no reason given"}
    return bool(Job.objects.filter(pk=job.pk).held_with(job.lease).update(**changes))


def release(jobs: list[Job]) -> None:
    """Give jobs back untried: the attempt does not count."""
    if jobs:
        _batch(jobs).update(state=JobState.QUEUED, lease=None, leased_until=None, attempts=F("attempts") - 1)


def _lease_end() -> Combinable:
    return Now() + timedelta(seconds=settings.SCORING_LEASE_SECONDS)


def _batch(jobs: list[Job]) -> JobQuerySet:
    """Those of one claim's jobs that are still held."""
    return Job.objects.filter(pk__in=[job.pk for job in jobs]).held_with(jobs[0].lease)


def _store(job: Job, answer: Answer) -> None:
    """The suggestion and its numbers. One that is there already stays: raters may have been shown it."""
    suggestion, new = Suggestion.objects.get_or_create(
        video_id=job.video_id,
        scorer_version_id=job.scorer_version_id,
        sample=job.sample,
        defaults={
            "status": answer.status,
            "raw_text": answer.raw_text.replace("\x00", ""),
            "rationale": answer.rationale.replace("\x00", ""),
            "saw": answer.saw and asdict(answer.saw),
            "seconds": answer.seconds,
            **{key: opinion and opinion.hard_score for key, opinion in answer.opinions.items()},
        },
    )
    if new:
        Distribution.objects.bulk_create(_distributions(suggestion, answer))


def _distributions(suggestion: Suggestion, answer: Answer) -> list[Distribution]:
    return [
        _distribution(suggestion, key, opinion.probabilities)
        for key, opinion in answer.opinions.items()
        if opinion is not None and opinion.probabilities is not None
    ]


def _distribution(suggestion: Suggestion, dimension: str, probabilities: Probabilities) -> Distribution:
    p1, p2, p3, p4, p5 = probabilities.of
    return Distribution(
        suggestion=suggestion,
        dimension=dimension,
        soft_score=probabilities.soft_score,
        expected_score=probabilities.expected_score,
        confidence=probabilities.confidence,
        p1=p1,
        p2=p2,
        p3=p3,
        p4=p4,
        p5=p5,
    )
