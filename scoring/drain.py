"""Draining the queue of one scorer version: what a worker does when its doorbell rings."""

import logging
import time
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, IntegrityError
from django.db.models.functions import Now

from annotation.models import Order, Project, ScorerVersion
from annotation.room.ranking import rank_prompts
from scoring.ask import Outcome, score_batch
from scoring.claims import claim, extend, fail, finish, release
from scoring.doorbells import ring_drain
from scoring.loaded import loaded
from scoring.models import Job, JobState
from scoring.protocol import OutdatedVersion, Question, Scorer, ScorerUnavailable, VideoFault

logger = logging.getLogger(__name__)

OUT_OF_TIME = "no answer within the worker's time limit"


def drain_jobs(version: ScorerVersion, *, for_seconds: float = 300) -> int:
    """Answer queued jobs until there are none or time is up, then ring for the rest; how many were taken.

    Each answer is stored at once, so whatever stops this worker costs the batch in hand and no more.
    Raises `ScorerUnavailable` or `UnknownScorer` with the jobs still queued.
    """
    waiting = Job.objects.queued().filter(scorer_version=version)
    if not waiting.exists():
        return 0
    try:
        scorer = loaded(version)
    except OutdatedVersion as error:
        return waiting.update(state=JobState.FAILED, reason=str(error), finished_at=Now())
    deadline = time.monotonic() + for_seconds
    taken = 0
    try:
        while time.monotonic() < deadline and (jobs := claim(version, limit=scorer.batch_size)):
            _answer(scorer, jobs)
            taken += len(jobs)
    except SoftTimeLimitExceeded:
        logger.warning("%s: stopped at the worker's time limit", version)
    if waiting.exists():
        ring_drain(version, jobs=1)
    if taken:
        for project in Project.objects.filter(suggester=version, order=Order.UNCERTAINTY):
            rank_prompts(project)
    return taken


def _answer(scorer: Scorer[Any, Any], jobs: list[Job]) -> None:
    """Score one batch and end or re-queue each of its jobs."""
    questions = [Question(Path(job.video.original.path), job.video.prompt.text, job.sample) for job in jobs]
    outcomes: list[Outcome]
    try:
        outcomes = score_batch(scorer, questions, heard=lambda position, text: extend(jobs))
    except SoftTimeLimitExceeded:
        for job in jobs:
            fail(job, OUT_OF_TIME)
        raise
    except ScorerUnavailable:
        release(jobs)
        raise
    except Exception as error:  # a bug in a scorer fails its jobs by name; the queue goes on
        logger.exception("%s failed on a batch of %d", jobs[0].scorer_version, len(jobs))
        outcomes = [VideoFault(f"{type(error).__name__}: {error}", permanent=False)] * len(jobs)
    for job, outcome in zip(jobs, outcomes, strict=True):
        _end(job, outcome)


def _end(job: Job, outcome: Outcome) -> None:
    try:
        if isinstance(outcome, VideoFault):
            held = fail(job, str(outcome), permanent=outcome.permanent)
        else:
            held = finish(job, outcome)
    except (IntegrityError, DataError) as error:
        held = fail(job, f"the answer cannot be stored: {error}", permanent=True)
    if not held:
        logger.warning("late result for %s refused: its lease was lost", job)
