"""Draining the queue of one scorer version: what a worker does when its doorbell rings.

While the scorer answers one batch, the next one is claimed already and decoded by other threads. Never more than
these two are in hand, and each answer is stored as soon as its batch ends.
"""

import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, Error, IntegrityError, InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from annotation.models import Order, Project, ScorerVersion
from annotation.room.ranking import rank_prompts
from scoring.ask import Look, Outcome, answer, look
from scoring.claims import claim, fail, finish, release
from scoring.doorbells import ring_drain
from scoring.heart import Heart
from scoring.loaded import loaded
from scoring.models import Job, JobState
from scoring.protocol import Answer, DeviceLost, OutdatedVersion, Question, Scorer, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint, UnknownScorer

logger = logging.getLogger(__name__)

# Threads that decode, which frees the interpreter for others; one core stays with the scorer.
LOOKERS = max(1, min(4, (os.cpu_count() or 1) - 1))
OUT_OF_TIME = "no answer within the worker's time limit"
PAUSES = (1.0, 5.0, 20.0)  # seconds before answers are stored again; leases are longer


def drain_jobs(version: ScorerVersion, *, for_seconds: float = 300) -> int:
    """Answer queued jobs until there are none or time is up, then ring for the rest; how many were taken.

    Loading the scorer counts as time, and a batch is begun only if one like the longest so far would end in time:
    so the task's own limits end what hangs, and nothing else. Raises `ScorerUnavailable`, `NoCheckpoint` or
    `UnknownScorer` with the jobs still queued.
    """
    deadline = time.monotonic() + for_seconds
    waiting = Job.objects.queued().filter(scorer_version=version)
    if not waiting.exists():
        return 0
    with Heart(version) as heart:
        try:
            scorer = loaded(version)
            heart.knows(scorer)
            taken = _Drain(version, scorer, heart, deadline).run()
        except OutdatedVersion as error:
            return waiting.update(state=JobState.FAILED, reason=str(error), finished_at=Now())
        except (ScorerUnavailable, NoCheckpoint, UnknownScorer) as error:
            heart.tell(str(error))
            raise
    if waiting.exists():
        ring_drain(version, jobs=1)
    if taken:
        for project in Project.objects.filter(suggester=version, order=Order.UNCERTAINTY):
            rank_prompts(project)
    return taken


@dataclass(frozen=True)
class _Batch:
    """The jobs of one claim, and what the scorer sees of their videos once that is known."""

    jobs: list[Job]
    looks: list[Future[Look]]

    @property
    def untried(self) -> bool:
        return all(job.attempts == 1 for job in self.jobs)


class _Drain:
    """One worker's way through the queue until a deadline (on this process's monotonic clock)."""

    def __init__(self, version: ScorerVersion, scorer: Scorer[Any, Any], heart: Heart, deadline: float) -> None:
        self._version, self._scorer, self._heart, self._deadline = version, scorer, heart, deadline
        self._longest = 0.0  # seconds that a batch took so far
        self._pool = ThreadPoolExecutor(LOOKERS, thread_name_prefix="look")
        self._coming: _Batch | None = None

    def run(self) -> int:
        """How many jobs were answered or failed. What was claimed and not asked about is given back untried."""
        taken = 0
        try:
            while self._has_time() and (batch := self._coming or self._take()):
                self._coming = None
                self._work_on(batch)
                taken += len(batch.jobs)
        except SoftTimeLimitExceeded:
            logger.warning("%s: stopped at the worker's time limit", self._version)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
            if self._coming:
                release(self._coming.jobs)
        return taken

    def _has_time(self, batches: int = 1) -> bool:
        """Whether so many would end before the deadline, if each took as long as the longest so far."""
        return time.monotonic() + batches * self._longest < self._deadline

    def _take(self, *, untried: bool = False) -> _Batch | None:
        """Claim a batch and let its videos be decoded; None when there is no job."""
        jobs = claim(self._version, limit=self._scorer.batch_size, untried=untried)
        if not jobs:
            return None
        self._heart.hold(jobs)
        return _Batch(jobs, [self._pool.submit(_look, self._scorer, _question(job)) for job in jobs])

    def _take_ahead(self) -> _Batch | None:
        """The next batch; none where the database refuses, so that the one in hand is answered all the same."""
        try:
            return self._take(untried=True)
        except Error:
            logger.exception("%s: the next batch could not be claimed", self._version)
            connection.close()
            return None

    def _work_on(self, batch: _Batch) -> None:
        """Score one batch and end or re-queue each of its jobs. One that failed before has no other beside it."""
        started = time.monotonic()
        outcomes: list[Outcome]
        try:
            looks = [seen.result() for seen in batch.looks]
            self._coming = self._take_ahead() if batch.untried and self._has_time(2) else None
            outcomes = answer(self._scorer, looks)
        except SoftTimeLimitExceeded:
            for job in batch.jobs:
                fail(job, OUT_OF_TIME)
            raise
        except DeviceLost as error:
            for job in batch.jobs:
                fail(job, str(error))
            raise
        except ScorerUnavailable:
            release(batch.jobs)
            raise
        except Exception as error:  # a bug in a scorer fails its jobs by name; the queue goes on
            logger.exception("%s failed on a batch of %d", self._version, len(batch.jobs))
            outcomes = [_fault(error)] * len(batch.jobs)
        finally:
            self._heart.let_go(batch.jobs)
        _end_patiently(dict(zip(batch.jobs, outcomes, strict=True)))
        self._longest = max(self._longest, time.monotonic() - started)


def _question(job: Job) -> Question:
    video = job.video
    return Question(Path(video.original.path), video.prompt.text, job.sample, draw=video.sha256)


def _look(scorer: Scorer[Any, Any], question: Question) -> Look:
    """Look at one video, in a thread that leaves the database alone. A bug fails this video and no other."""
    try:
        return look(scorer, question)
    except ScorerUnavailable:
        raise
    except Exception as error:
        logger.exception("%s cannot be looked at", question.path)
        return Look(question, sample=None, fault=_fault(error), seconds=0.0)


def _fault(error: Exception) -> VideoFault:
    return VideoFault(f"{type(error).__name__}: {error}", permanent=False)


def _end_patiently(outcomes: Mapping[Job, Outcome]) -> None:
    """A database that restarts or whose disk is full for a moment costs no answers. Raises when it goes on."""
    for pause in PAUSES:
        try:
            return _end(outcomes)
        except (OperationalError, InterfaceError) as error:
            logger.warning("answers could not be stored; again in %g s: %s", pause, error)
            connection.close()
            time.sleep(pause)
    return _end(outcomes)


def _end(outcomes: Mapping[Job, Outcome]) -> None:
    """Store the answers of a batch together, or one by one where the database refuses one; fail the others."""
    answers = {job: outcome for job, outcome in outcomes.items() if isinstance(outcome, Answer)}
    try:
        held = finish(answers)
    except (IntegrityError, DataError):
        held = {pk for job, found in answers.items() for pk in _finish_alone(job, found)}
    for job, outcome in outcomes.items():
        if isinstance(outcome, VideoFault) and fail(job, str(outcome), permanent=outcome.permanent):
            held.add(job.pk)
        if job.pk not in held:
            logger.warning("late result for %s refused: its lease was lost", job)


def _finish_alone(job: Job, found: Answer) -> set[int]:
    try:
        return finish({job: found})
    except (IntegrityError, DataError) as error:
        return {job.pk} if fail(job, f"the answer cannot be stored: {error}", permanent=True) else set()
