"""Bringing all seats and verdicts of a project to its overlap, after the lead changed it.

Too long for a request in a large project: the project notes since when it is due, a worker does it, a sweeper
rings again.
"""

from celery import signature
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import Project
from annotation.review.look_again import look_again
from annotation.room.seats import make_seats
from annotation.room.settle import settle_to_overlap


def fit_later(project: Project) -> None:
    """Have a worker bring seats, verdicts and review cases to the overlap once this transaction commits."""
    Project.objects.filter(pk=project.pk).update(overlap_due_at=Now())
    _ring(project.pk)


def fit_to_overlap(project: Project) -> None:
    """Do it if it is due. Safe to run twice, also at once: each step reads the overlap as it is by then.

    What changes meanwhile makes it due anew.
    """
    if project.overlap_due_at is None:
        return
    make_seats(project)
    settle_to_overlap(project)
    look_again(project)
    Project.objects.filter(pk=project.pk, overlap_due_at__lte=project.overlap_due_at).update(overlap_due_at=None)


def sweep() -> None:
    """Ring again for every project where it is still due."""
    for pk in Project.objects.filter(overlap_due_at__isnull=False).values_list("pk", flat=True):
        _ring(pk)


def _ring(project_pk: int) -> None:
    ring(signature("annotation.tasks.fit_to_overlap_task"), project_pk)
