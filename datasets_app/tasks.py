"""Celery's doors to this app. Each takes ids and calls one function; the database holds all state."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from annotation.doorbell import ring
from annotation.models import Project
from datasets_app.intake import run_import
from datasets_app.media import prepare
from datasets_app.rationales import by_worker
from datasets_app.releases.build_release import build_release, take_back_lost_builds
from datasets_app.signs_of_life import be_seen, forget_silent
from datasets_app.takedown import doomed
from datasets_app.takedown import project as takedown
from datasets_app.trials import sweep as trials_sweep
from datasets_app.trials.ask import answer_trial

STRETCH_SECONDS = 60  # a worker turns to other work after so long


@worker_ready.connect
def say_that_a_worker_is_here(sender: Any, **_: object) -> None:
    """For as long as the worker lives, whatever its processes are busy with."""
    if sender.app.conf.task_default_queue in sender.app.amqp.queues.consume_from:
        be_seen()


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def prepare_media_task(project_id: int) -> None:
    """Make posters, thumbnails and renditions of a project's waiting videos for about a minute."""
    prepare.prepare_waiting(Project.objects.get(pk=project_id), for_seconds=STRETCH_SECONDS)


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def import_manifest_task(import_id: int) -> None:
    """Work on an import from the page for about a minute."""
    run_import.continue_import(import_id, for_seconds=STRETCH_SECONDS)


@shared_task(acks_late=True, soft_time_limit=50, time_limit=60, expires=60)
def sweep_media_task() -> None:
    """Find videos, imports, trials and deletions that lost worker or doorbell; beat runs it every 30 seconds."""
    prepare.sweep()
    run_import.sweep()
    trials_sweep.sweep()
    doomed.sweep()
    takedown.sweep()
    forget_silent()


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def delete_project_task(deletion_id: int) -> None:
    """Delete a project bit by bit for about a minute."""
    if not takedown.go_on_deleting(deletion_id, for_seconds=STRETCH_SECONDS):
        takedown.ring_deletion(deletion_id)


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def answer_trial_task(trial_id: int) -> None:
    """Put a clip to its scorer once; rung on that scorer's queue."""
    answer_trial(trial_id)


@shared_task(acks_late=True, soft_time_limit=3_300, time_limit=3_400)
def build_release_task(release_id: int) -> None:
    """Build a release; the limits stay below the broker's visibility timeout of an hour."""
    build_release(release_id)


@shared_task(acks_late=True, soft_time_limit=540, time_limit=600)
def reconcile_task(wanted_id: int) -> None:
    """Bring a project's adjustments by a scorer version up to date; the page asks for large projects."""
    by_worker.work_off(wanted_id)


@shared_task(acks_late=True, soft_time_limit=25, time_limit=30)
def sweep_releases_task() -> None:
    """Ring again for releases and reconciliations that were lost; beat runs it every 30 seconds."""
    by_worker.take_back_lost()
    for release_id in take_back_lost_builds():
        ring(build_release_task, release_id)
