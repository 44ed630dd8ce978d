"""Intervals that were asked for on the page: asked, computed by a worker, taken up when it was lost."""

import time
import uuid
from datetime import timedelta

from celery import signature
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import Project, ScorerVersion, User
from scoring.evaluation.bootstrap import REPEATS
from scoring.evaluation.keep import loaded
from scoring.evaluation.learned import seen_by_each, stamp, without
from scoring.evaluation.models import OPEN_STATES, Evaluation, EvaluationState
from scoring.evaluation.results import all_intervals, as_json, results

LEASE = timedelta(minutes=2)  # without a sign of life
SIGN_OF_LIFE_SECONDS = 1.0
MAX_ATTEMPTS = 3
KEPT = 3  # evaluations of the same question


class LeaseLost(Exception):
    """Another worker computes this evaluation now."""


@transaction.atomic
def ask_for_evaluation(
    project: Project,
    version: ScorerVersion,
    other: ScorerVersion | None,
    ratings: str,
    asked_by: User | None,
    *,
    held_out: bool = False,
) -> tuple[Evaluation, bool]:
    """An evaluation for a worker to compute, and whether it is new: the same one asked for twice is one."""
    Project.objects.select_for_update().get(pk=project.pk)
    wanted = {"project": project, "scorer_version": version, "other_version": other}
    settings = {"ratings": ratings, "repeats": REPEATS, "seed": project.seed}
    settings |= {"held_out": True} if held_out else {}
    if same := Evaluation.objects.open().filter(settings=settings, **wanted).first():
        return same, False
    asked = Evaluation.objects.create(created_by=asked_by, settings=settings, **wanted)
    ring_evaluation(asked.pk)
    return asked, True


def newest(
    project: Project, version: ScorerVersion, other: ScorerVersion | None, ratings: str, *, held_out: bool = False
) -> Evaluation | None:
    """The one asked for last, whatever became of it."""
    return _of_the_same(project, version, other, ratings, held_out).first()


def _of_the_same(
    project: Project, version: ScorerVersion, other: ScorerVersion | None, ratings: str, held_out: bool
) -> QuerySet[Evaluation]:
    """All evaluations of the same question, the newest first."""
    found = Evaluation.objects.filter(project=project, scorer_version=version, other_version=other)
    return found.filter(settings__ratings=ratings, settings__held_out__isnull=not held_out)


def run_evaluation(evaluation_id: int) -> None:
    """Compute a queued evaluation; nothing happens when another worker has it or it is done."""
    lease = uuid.uuid4()
    queued = Evaluation.objects.filter(pk=evaluation_id, state=EvaluationState.QUEUED)
    changes = {"state": EvaluationState.RUNNING, "attempts": F("attempts") + 1, "done": 0, "total": 0}
    if not queued.update(lease=lease, leased_until=_lease_end(), **changes):
        return
    evaluation = Evaluation.objects.select_related(
        "project", "scorer_version__scorer", "other_version__scorer"
    ).get(pk=evaluation_id)
    started = time.monotonic()
    try:
        fields = _compute(evaluation, lease)
    except LeaseLost:
        return
    except SoftTimeLimitExceeded:
        _close(evaluation, lease, state=EvaluationState.FAILED, reason="It took longer than a task may take.")
    else:
        _close(evaluation, lease, state=EvaluationState.DONE, seconds=time.monotonic() - started, **fields)
        _forget_older(evaluation)


def take_back_lost() -> None:
    """Queue those without a sign of life again, or give them up; ring for all that wait for a worker."""
    lost = Evaluation.objects.overdue()
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=EvaluationState.FAILED,
        reason=f"The worker stopped {MAX_ATTEMPTS} times while it computed this evaluation.",
        lease=None,
        leased_until=None,
        finished_at=Now(),
    )
    lost.update(state=EvaluationState.QUEUED, lease=None, leased_until=None)
    for pk in Evaluation.objects.filter(state=EvaluationState.QUEUED).values_list("pk", flat=True):
        ring_evaluation(pk)


def ring_evaluation(evaluation_id: int) -> None:
    ring(signature("scoring.tasks.evaluate_task"), evaluation_id)


def versions_of(evaluation: Evaluation) -> list[ScorerVersion]:
    """One or two."""
    return [version for version in (evaluation.scorer_version, evaluation.other_version) if version is not None]


def is_held_out(evaluation: Evaluation) -> bool:
    """Whether videos that a version was trained on are left out."""
    return bool(evaluation.settings.get("held_out"))


def _compute(evaluation: Evaluation, lease: uuid.UUID) -> dict[str, object]:
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if done < total and time.monotonic() - shown < SIGN_OF_LIFE_SECONDS:
            return
        shown = time.monotonic()
        held = Evaluation.objects.filter(pk=evaluation.pk, lease=lease)
        if not held.update(done=done, total=total, leased_until=_lease_end()):
            raise LeaseLost

    project, versions, settings = evaluation.project, versions_of(evaluation), evaluation.settings
    held_out = is_held_out(evaluation)
    rests_on = stamp(project, versions, settings["ratings"], held_out=held_out)
    gone = seen_by_each(project, versions) if held_out else []
    found = results([without(one, gone) for one in loaded(project, versions, settings["ratings"])])
    said = all_intervals(found, repeats=settings["repeats"], seed=settings["seed"], show=show)
    return {"results": as_json(found, said), "fingerprint": rests_on}


def _close(evaluation: Evaluation, lease: uuid.UUID, **changes: object) -> None:
    """End it, unless the lease was lost meanwhile."""
    held = Evaluation.objects.filter(pk=evaluation.pk, lease=lease)
    held.update(lease=None, leased_until=None, finished_at=Now(), **changes)


def _forget_older(evaluation: Evaluation) -> None:
    """Keep the newest few of what answers the same question; nobody sees the others."""
    version, other = evaluation.scorer_version, evaluation.other_version
    ratings = evaluation.settings["ratings"]
    same = _of_the_same(evaluation.project, version, other, ratings, is_held_out(evaluation))
    closed = same.exclude(state__in=OPEN_STATES).order_by("-pk").values_list("pk", flat=True)
    Evaluation.objects.filter(pk__in=list(closed[KEPT:])).delete()


def _lease_end() -> ExpressionWrapper:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())
