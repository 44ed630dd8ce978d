"""Asking a scorer about a trial, in a worker that listens to that scorer's queue.

The row is the truth. Whoever takes a trial holds it by a lease with a token of its own, so that a doorbell heard
twice answers once; every later write needs the token.
"""

import logging
import threading
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from celery import signature
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import Error, connection
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from annotation.doorbell import ring
from datasets_app.trials.models import Trial, TrialQuerySet, TrialState
from scoring.as_json import as_json
from scoring.ask import score_batch
from scoring.heart import Heart
from scoring.loaded import loaded
from scoring.protocol import Answer, OutdatedVersion, Question, Scorer, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint, UnknownScorer, queue_of

logger = logging.getLogger(__name__)

WRITE_EVERY_SECONDS = 0.5  # of a text that grows
OUT_OF_TIME = "There was no answer within the worker's time limit."


def ring_trial(trial: Trial) -> None:
    """Wake a worker of the trial's scorer; somebody waits for it."""
    answer = signature("datasets_app.tasks.answer_trial_task").set(
        queue=queue_of(trial.scorer_version.scorer.name)
    )
    ring(answer, trial.pk, urgent=True)


def ask_again(trial: Trial) -> bool:
    """Put a failed trial to its scorer once more; whether it had failed."""
    again = Trial.objects.filter(pk=trial.pk, state=TrialState.FAILED).update(
        state=TrialState.WAITING,
        reason="",
        text_so_far="",
        asked_at=Now(),
        rung_at=Now(),
        started_at=None,
        finished_at=None,
    )
    if again:
        ring_trial(trial)
    return bool(again)


def answer_trial(trial_pk: int) -> None:
    """Answer a waiting trial, or write down why that cannot be done. Any other trial is left alone."""
    trial = Trial.objects.waiting().select_related("scorer_version__scorer").filter(pk=trial_pk).first()
    if trial is None:
        return
    try:
        with Heart(trial.scorer_version) as heart:  # loading may take minutes: the trial goes on waiting
            scorer = loaded(trial.scorer_version)
            heart.knows(scorer)
        if take(trial):
            _ask(scorer, trial)
    except SoftTimeLimitExceeded:
        fail(trial, OUT_OF_TIME)
    except (UnknownScorer, OutdatedVersion, NoCheckpoint, ScorerUnavailable, VideoFault) as error:
        fail(trial, str(error))
    except Exception as error:  # a bug in a scorer: the lead should read it too
        logger.exception("%s failed on %s", trial.scorer_version, trial)
        fail(trial, f"{type(error).__name__}: {error}")


def take(trial: Trial) -> bool:
    """Hold the trial by a new token; False where another worker was faster."""
    token = uuid.uuid4()
    taken = Trial.objects.waiting().filter(pk=trial.pk)
    if not taken.update(state=TrialState.RUNNING, lease=token, leased_until=_lease_end(), started_at=Now()):
        return False
    trial.state, trial.lease = TrialState.RUNNING, token
    return True


def fail(trial: Trial, reason: str) -> bool:
    """End the trial with a reason; False, and nothing changes, where it is no longer ours."""
    return _end(trial, state=TrialState.FAILED, reason=reason.replace("\x00", "") or "The scorer gave no reason.")


def finish(trial: Trial, answer: Answer) -> bool:
    """Store the answer; False, and nothing stored, where the trial is no longer ours."""
    clean = replace(
        answer, rationale=answer.rationale.replace("\x00", ""), raw_text=answer.raw_text.replace("\x00", "")
    )
    return _end(trial, state=TrialState.DONE, answer=as_json(clean), text_so_far="")


class Ear:
    """Hears a growing answer; a thread writes it to the trial twice a second at most, and holds the lease.

    It stops with its process: what a killed worker held is ended by the sweeper.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._text = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="ear", daemon=True)

    def __call__(self, position: int, text: str) -> None:
        self._text = text

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _go_on(self) -> None:
        written, at = "", time.monotonic()
        try:
            while not self._ended.wait(WRITE_EVERY_SECONDS):
                if self._text == written and time.monotonic() < at + settings.SCORING_LEASE_SECONDS / 3:
                    continue
                written, at = self._text, time.monotonic()
                try:
                    _mine(self._trial).update(text_so_far=written.replace("\x00", ""), leased_until=_lease_end())
                except Error:  # the next time has a connection of its own
                    logger.exception("what was heard for %s was not written", self._trial)
                    connection.close()
        finally:
            connection.close()


def _ask(scorer: Scorer[Any, Any], trial: Trial) -> None:
    with Ear(trial) as ear:
        (outcome,) = score_batch(scorer, [Question(Path(trial.original.path), trial.prompt)], heard=ear)
    if isinstance(outcome, VideoFault):
        raise outcome
    if not finish(trial, outcome):
        logger.warning("late answer for %s refused: its lease was lost", trial)


def _end(trial: Trial, **changes: Any) -> bool:
    return bool(_mine(trial).update(lease=None, leased_until=None, finished_at=Now(), **changes))


def _mine(trial: Trial) -> TrialQuerySet:
    """The trial as long as it is in our hands: held with our token, or waiting still."""
    same = Trial.objects.filter(pk=trial.pk)
    return same.held_with(trial.lease) if trial.lease else same.waiting()


def _lease_end() -> Combinable:
    return Now() + timedelta(seconds=settings.SCORING_LEASE_SECONDS)
