"""Deleting a whole project: at once nobody is in it any more; a worker takes its rows and files bit by bit.

Each bit is a transaction that holds the deletion's row, so that it does not matter how many workers are at it and
which of them is killed.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from celery import signature
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from annotation.audit import record
from annotation.doorbell import ring
from annotation.models import (
    AuditKind,
    GuidelineExample,
    Invitation,
    Membership,
    Project,
    Prompt,
    T2VModel,
    User,
    Video,
)
from datasets_app.models import Import, Release, TrainedOn, Trial
from datasets_app.takedown.doomed import MEDIA, RELEASES, doom
from datasets_app.takedown.models import ProjectDeletion
from datasets_app.takedown.rows import delete_videos, hold
from scoring.models import Evaluation

BIT = 200  # videos in one transaction
RING_AGAIN_AFTER = timedelta(seconds=60)


@transaction.atomic
def ask_for_deletion(project: Project, *, by: User | None = None) -> ProjectDeletion:
    """Take everybody out of the project, free its address, and wake a worker. There is no way back.

    Raises `Project.DoesNotExist` when somebody else was faster.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk, slug=project.slug)
    videos = project.videos.count()
    deletion = ProjectDeletion.objects.create(
        project=project,
        project_number=project.pk,
        slug=project.slug,
        name=project.name,
        videos=videos,
        asked_by=by,
    )
    record(AuditKind.PROJECT_DELETED, by=by, project=project, subject=project.name, videos=videos)
    Invitation.objects.filter(project=project).delete()  # first: waits for whoever is just joining by one
    Membership.objects.filter(project=project).delete()
    Project.objects.filter(pk=project.pk).update(slug=f"deleted-{deletion.public_id.hex}")
    ring_deletion(deletion.pk)
    return deletion


def ring_deletion(pk: int) -> None:
    """Wake a worker."""
    ring(signature("datasets_app.tasks.delete_project_task"), pk)


def go_on_deleting(
    pk: int, *, for_seconds: float = float("inf"), show: Callable[[int, int], None] = lambda done, videos: None
) -> bool:
    """Delete bit by bit for about so long; whether it is finished."""
    deadline = time.monotonic() + for_seconds
    while (deletion := _next_bit(pk)).finished_at is None:
        show(deletion.done, deletion.videos)
        if time.monotonic() > deadline:
            return False
    return True


def sweep() -> None:
    """Ring again for deletions that nobody goes on with."""
    unheard = ProjectDeletion.objects.waiting().filter(rung_at__lt=Now() - RING_AGAIN_AFTER)
    for pk in unheard.values_list("pk", flat=True):
        ProjectDeletion.objects.filter(pk=pk).update(rung_at=Now())
        ring_deletion(pk)


@transaction.atomic
def _next_bit(pk: int) -> ProjectDeletion:
    """Some videos, or all the rest when there are none; the deletion as it stands then."""
    deletion = ProjectDeletion.objects.select_for_update(of=("self",)).select_related("project").get(pk=pk)
    if deletion.finished_at is None and deletion.project is not None:
        videos = list(Video.objects.filter(project=deletion.project).order_by("pk")[:BIT])
        hold(deletion.project, videos)
        if videos:
            delete_videos(videos)
        else:
            _delete_the_rest(deletion.project)
            ProjectDeletion.objects.filter(pk=pk).update(finished_at=Now())
        ProjectDeletion.objects.filter(pk=pk).update(done=F("done") + len(videos), rung_at=Now())
    deletion.refresh_from_db()
    return deletion


def _delete_the_rest(project: Project) -> None:
    """What hangs on the project alone, then the project itself."""
    doom(MEDIA, [run.folder for run in Import.objects.filter(project=project)])
    doom(MEDIA, [trial.folder for trial in Trial.objects.filter(project=project)])
    doom(RELEASES, [str(project.pk)])
    TrainedOn.objects.filter(release__project=project).delete()
    for model in (Evaluation, Trial, Import, Release, GuidelineExample, Prompt, T2VModel):
        model._default_manager.filter(project=project).delete()
    project.delete()
