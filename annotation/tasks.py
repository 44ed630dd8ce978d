"""Celery's doors to the core. Each takes ids and calls one function; the database holds all state."""

from celery import shared_task

from annotation.models import Project
from annotation.review.look_again import look_at_project
from annotation.review.look_again import sweep as sweep_cases
from annotation.room.fit_overlap import fit_to_overlap
from annotation.room.fit_overlap import sweep as sweep_overlaps


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def look_at_cases_task(project_id: int) -> None:
    """Bring the review cases of a project up to date."""
    look_at_project(Project.objects.get(pk=project_id))


@shared_task(acks_late=True, reject_on_worker_lost=True, soft_time_limit=540, time_limit=600)
def fit_to_overlap_task(project_id: int) -> None:
    """Bring a project's seats and verdicts to its overlap."""
    fit_to_overlap(Project.objects.get(pk=project_id))


@shared_task(acks_late=True, soft_time_limit=25, time_limit=30, expires=60)
def sweep_projects_task() -> None:
    """Find projects whose doorbell was lost; beat runs it every minute."""
    sweep_overlaps()
    sweep_cases()
