"""Celery's doors to scoring. Each takes ids and calls one function; the database holds all state.

`drain_jobs_task` is sent to its scorer's own queue (`scoring.registry.queue_of`), so that workers with a GPU take
nothing else. On another queue it does no harm: a worker that cannot load the scorer leaves the jobs queued.
"""

import logging
import os

from celery import shared_task

from annotation.models import ScorerVersion
from scoring.drain import drain_jobs
from scoring.evaluation.run import run_evaluation, take_back_lost
from scoring.jobs import sweep
from scoring.protocol import DeviceLost, ScorerUnavailable
from scoring.registry import NoCheckpoint, UnknownScorer

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 300


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def drain_jobs_task(scorer_version_id: int) -> None:
    """Answer this version's queued jobs for about five minutes."""
    version = ScorerVersion.objects.select_related("scorer").get(pk=scorer_version_id)
    try:
        drain_jobs(version, for_seconds=DRAIN_SECONDS)
    except DeviceLost:
        logger.exception("%s: this process ends, and another hears its doorbell", version)
        os._exit(1)
    except (ScorerUnavailable, NoCheckpoint, UnknownScorer) as error:  # the page says so, too; the jobs wait
        logger.warning("%s cannot work here: %s", version, error)


@shared_task(acks_late=True, soft_time_limit=50, time_limit=60, expires=60)
def sweep_jobs_task() -> None:
    """Find jobs and evaluations that lost their worker or their doorbell; beat runs it every 30 seconds."""
    sweep()
    take_back_lost()


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=1_700, time_limit=1_800)
def evaluate_task(evaluation_id: int) -> None:
    """Compute the intervals of an evaluation: seconds for some ten thousand videos."""
    run_evaluation(evaluation_id)
