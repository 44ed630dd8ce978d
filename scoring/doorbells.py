"""The doorbells of the scoring queues: by the task's name, so that whoever enqueues need not import the tasks."""

import math

from celery import signature

from annotation.doorbell import ring
from annotation.models import ScorerVersion
from scoring.registry import queue_of

JOBS_PER_BELL = 16
MAX_BELLS = 16  # as many workers start at once


def ring_drain(version: ScorerVersion, *, jobs: int) -> None:
    """Wake workers for `jobs` queued jobs of this version once the transaction commits."""
    drain = signature("scoring.tasks.drain_jobs_task").set(queue=queue_of(version.scorer.name))
    for _ in range(min(MAX_BELLS, math.ceil(jobs / JOBS_PER_BELL))):
        ring(drain, version.pk)
