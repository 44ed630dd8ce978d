"""Looking at all review cases of a project again, after its suggester, its audit share or its overlap changed.

Too long for a request: the project notes since when they are due, a worker looks, a sweeper rings again.
"""

from celery import signature
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import Project, Purpose, Rating, Video
from annotation.review.cases import CHUNK, look_at
from annotation.room.settle import lock_videos


def look_again(project: Project) -> None:
    """Have a worker look at all cases of the project once this transaction commits."""
    Project.objects.filter(pk=project.pk).update(cases_due_at=Now())
    _ring(project.pk)


def look_at_project(project: Project) -> None:
    """Bring its cases up to date if they are due, 1,000 videos a transaction. Safe to run twice, also at once.

    What changes meanwhile makes them due anew.
    """
    if project.cases_due_at is None:
        return
    rated = Rating.objects.live().filter(video=OuterRef("pk"), purpose=Purpose.MAIN, imported=False)
    concerned = project.videos.filter(Q(review_case__isnull=False) | Exists(rated))
    pks = list(concerned.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), CHUNK):
        chunk = pks[start : start + CHUNK]
        with transaction.atomic():
            lock_videos(chunk)
            look_at(Video(pk=pk) for pk in chunk)
    Project.objects.filter(pk=project.pk, cases_due_at__lte=project.cases_due_at).update(cases_due_at=None)


def sweep() -> None:
    """Ring again for every project whose cases are still due."""
    for pk in Project.objects.filter(cases_due_at__isnull=False).values_list("pk", flat=True):
        _ring(pk)


def _ring(project_pk: int) -> None:
    ring(signature("annotation.tasks.look_at_cases_task"), project_pk)
