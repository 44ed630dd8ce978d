"""Make what browsers need of a video: poster, thumbnails and, where they cannot play the original, a rendition.

The row is the truth: a worker holds a video by a lease with a token of its own, and only the bearer of the
current token may finish. Three attempts, then the video has failed and says why.
"""

import logging
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import signature
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import MediaState, Project, Video
from datasets_app.disk import sync
from datasets_app.media import limits, remote
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.media.sniff import CONTAINERS, Refused
from datasets_app.takedown.doomed import MEDIA, doom
from scoring.jobs import enqueue
from scoring.registry import scorers

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LEASE = timedelta(seconds=limits.PREPARE_SECONDS + 30)
WORKER_LOST = f"The media worker stopped {MAX_ATTEMPTS} times while it worked on this video."


def prepare_waiting(project: Project, *, for_seconds: float) -> int:
    """Prepare the project's waiting videos for about so long; the number of those that are ready now."""
    deadline = time.monotonic() + for_seconds
    ready = 0
    with Sandbox() as sandbox:
        while time.monotonic() < deadline and (video := claim(project)):
            ready += prepare_video(video, sandbox)
    if project.videos.to_prepare().exists():
        ring_prepare(project.pk)
    return ready


def ring_prepare(project_pk: int) -> None:
    """Wake a worker for a project's waiting videos."""
    ring(signature("datasets_app.tasks.prepare_media_task"), project_pk)


def claim(project: Project) -> Video | None:
    """The next waiting video, held by a new token until its lease ends; None when there is none."""
    token = uuid.uuid4()
    with transaction.atomic():
        waiting = project.videos.to_prepare().filter(media_attempts__lt=MAX_ATTEMPTS)
        pk = (
            waiting.order_by("media_attempts", "pk")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)
            .first()
        )
        if pk is None:
            return None
        Video.objects.filter(pk=pk).update(
            media_lease=token, media_leased_until=Now() + LEASE, media_attempts=F("media_attempts") + 1
        )
    return Video.objects.select_related("project__suggester__scorer").filter(pk=pk, media_lease=token).first()


def prepare_video(video: Video, sandbox: Sandbox) -> bool:
    """Prepare a claimed video; whether it is ready. A fault is written to its row.

    Where the row was deleted meanwhile, what was made of it goes, too.
    """
    try:
        made = make_files(video, sandbox)
        if remote.is_on():
            names = (video.original.name, made.rendition, made.poster, made.thumbnails)
            remote.put(name for name in names if name)
    except Refused as refused:
        fail(video, str(refused), is_final=True)
    except (DecoderFailed, OSError) as error:
        logger.warning("video %s: %s", video.pk, error)
        fail(video, str(error), is_final=video.media_attempts >= MAX_ATTEMPTS)
    else:
        if finish(video, made):
            return True
    if not Video.objects.filter(pk=video.pk).exists():
        with transaction.atomic():
            doom(MEDIA, [video.folder])
    return False


@dataclass(frozen=True)
class Made:
    """The files made of a video, as names under the media root."""

    poster: str
    thumbnails: str
    thumbnail_count: int
    rendition: str
    warnings: list[str]


def make_files(video: Video, sandbox: Sandbox) -> Made:
    """Let the sandbox write into a folder of this attempt, then move the files, synced, beside the original."""
    folder = clear_attempts(video)
    attempt = folder / f"attempt-{video.media_lease}"
    attempt.mkdir()
    try:
        container = CONTAINERS[video.container]
        answer = sandbox.ask(
            "prepare",
            seconds=limits.PREPARE_SECONDS,
            path=video.original.path,
            demuxer=container.demuxer,
            container=container.name,
            frames=video.frames,
            folder=str(attempt),
        )
        return move_files(video, attempt, answer)
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


def clear_attempts(video: Video) -> Path:
    """Remove what killed workers left; the video's folder."""
    folder = Path(settings.MEDIA_ROOT) / video.folder
    for left_behind in folder.glob("attempt-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    return folder


def move_files(video: Video, attempt: Path, answer: dict[str, Any]) -> Made:
    """Give the attempt's files their names."""
    names = ["poster.jpg", "thumbnails.jpg"] + (["rendition.mp4"] if answer["rendition"] != "none" else [])
    for name in names:
        with (attempt / name).open("rb") as made:
            os.fsync(made.fileno())
        (attempt / name).rename(attempt.parent / name)
    sync(attempt.parent)
    lost_sound = "The browser copy is silent: its sound cannot be kept in an MP4."
    return Made(
        poster=f"{video.folder}/poster.jpg",
        thumbnails=f"{video.folder}/thumbnails.jpg",
        thumbnail_count=int(answer["tiles"]),
        rendition=f"{video.folder}/rendition.mp4" if "rendition.mp4" in names else "",
        warnings=[lost_sound] if not answer["sound_is_kept"] else [],
    )


def finish(video: Video, made: Made) -> bool:
    """The video is ready, and its suggester is asked; False, and nothing changes, where the lease was lost."""
    with transaction.atomic():
        finished = Video.objects.filter(pk=video.pk, media_lease=video.media_lease).update(
            media_state=MediaState.READY,
            media_reason="",
            media_lease=None,
            media_leased_until=None,
            poster=made.poster,
            thumbnails=made.thumbnails,
            thumbnail_count=made.thumbnail_count,
            rendition=made.rendition,
            warnings=video.warnings + [each for each in made.warnings if each not in video.warnings],
        )
        suggester = video.project.suggester
        if finished and suggester and suggester.scorer.name in scorers():
            enqueue(suggester, [video])
    return bool(finished)


def fail(video: Video, reason: str, *, is_final: bool) -> None:
    """Let go of the video, for another attempt or for good."""
    Video.objects.filter(pk=video.pk, media_lease=video.media_lease).update(
        media_state=MediaState.FAILED if is_final else MediaState.WAITING,
        media_reason=reason or "The media worker gave no reason.",
        media_lease=None,
        media_leased_until=None,
    )


def retry_failed(project: Project) -> int:
    """Give the project's failed videos three new attempts; the number of them."""
    failed = project.videos.filter(media_state=MediaState.FAILED)
    waiting = failed.update(media_state=MediaState.WAITING, media_attempts=0, media_reason="")
    if waiting:
        ring_prepare(project.pk)
    return waiting


def sweep() -> None:
    """End what lost its worker three times, and ring again for what waits."""
    waiting = Video.objects.to_prepare()
    lost = list(waiting.filter(media_attempts__gte=MAX_ATTEMPTS).order_by("pk"))
    waiting.filter(pk__in=[video.pk for video in lost]).update(
        media_state=MediaState.FAILED, media_reason=WORKER_LOST, media_lease=None, media_leased_until=None
    )
    for video in lost:
        clear_attempts(video)
    for project_pk in waiting.order_by("project_id").values_list("project_id", flat=True).distinct():
        ring_prepare(project_pk)
