"""Imports sent through the page: kept as rows, worked off by the worker in short stretches."""

import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from celery import signature
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import Project, User
from datasets_app.intake.ingest import ingest
from datasets_app.intake.land import Summary
from datasets_app.intake.locate import Folder, Source, Uploads
from datasets_app.intake.read_manifest import BadRow, Row, count_lines, read_lines
from datasets_app.models import Import, ImportState

MANIFEST = "manifest.jsonl"
LEASE = timedelta(minutes=5)  # more than a batch of the slowest videos takes
MAX_ATTEMPTS = 3
REFUSED_KEPT = 1_000
WORKER_LOST = f"The worker stopped {MAX_ATTEMPTS} times at the same rows."


class LeaseLost(Exception):
    """Another worker took this import over."""


def start_import(project: Project, user: User, manifest: UploadedFile, videos: Iterable[UploadedFile]) -> Import:
    """Keep what was sent, and wake a worker. Raises `OSError` when the disk is full; nothing is kept then."""
    run = Import(project=project, created_by=user, manifest_name=(manifest.name or MANIFEST)[:200])
    folder = Path(settings.MEDIA_ROOT) / run.folder
    folder.mkdir(parents=True)
    try:
        _keep(manifest, folder / MANIFEST)
        for number, video in enumerate(videos):
            stored = f"video-{number}"  # names on disk are ours
            _keep(video, folder / stored)
            run.uploads[video.name or stored] = stored
        with (folder / MANIFEST).open("rb") as kept:
            run.lines = count_lines(kept)
        with transaction.atomic():
            run.save()
            ring_import(run.pk)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return run


def _keep(upload: UploadedFile, path: Path) -> None:
    with path.open("xb") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)


def ring_import(run_pk: int) -> None:
    """Wake a worker for an import."""
    ring(signature("datasets_app.tasks.import_manifest_task"), run_pk)


def continue_import(run_pk: int, *, for_seconds: float) -> None:
    """Work on a waiting import for about so long, from the line after the last one done; ring if more is left."""
    run = claim(run_pk)
    if run is None:
        return
    try:
        with (Path(settings.MEDIA_ROOT) / run.folder / MANIFEST).open("rb") as manifest:
            stretch = Stretch(read_lines(manifest, after=run.line_done), for_seconds)
            ingest(run.project, stretch, source_of(run), landed=partial(record, run))
    except LeaseLost:
        return
    except OSError as error:
        end(run, ImportState.FAILED, f"It stopped after line {run.line_done}: {error.strerror or error}.")
        return
    if stretch.is_done:
        end(run, ImportState.DONE, "")
        shutil.rmtree(Path(settings.MEDIA_ROOT) / run.folder, ignore_errors=True)
    else:
        Import.objects.filter(pk=run.pk, lease=run.lease).update(lease=None, leased_until=None)
        ring_import(run.pk)


class Stretch:
    """Rows for so many seconds; `is_done` says whether they came to their end."""

    def __init__(self, rows: Iterator[tuple[int, Row | BadRow]], seconds: float) -> None:
        self.rows = rows
        self.deadline = time.monotonic() + seconds
        self.is_done = False

    def __iter__(self) -> Iterator[tuple[int, Row | BadRow]]:
        for row in self.rows:
            yield row
            if time.monotonic() > self.deadline:
                return
        self.is_done = True


def source_of(run: Import) -> Source:
    """Files sent along first, then the import folder, where the administrator has set one."""
    rest = Folder(Path(settings.IMPORT_ROOT)) if settings.IMPORT_ROOT else None
    return Uploads((Path(settings.MEDIA_ROOT) / run.folder).resolve(), run.uploads, rest)


def claim(run_pk: int) -> Import | None:
    """The import, held by a new token; None where it ended, is held, or was tried too often."""
    token = uuid.uuid4()
    is_free = Q(lease__isnull=True) | Q(leased_until__lt=Now())
    waiting = Import.objects.filter(is_free, pk=run_pk, state=ImportState.WAITING, attempts__lt=MAX_ATTEMPTS)
    waiting.update(lease=token, leased_until=Now() + LEASE, attempts=F("attempts") + 1)
    return Import.objects.select_related("project").filter(pk=run_pk, lease=token).first()


def record(run: Import, summary: Summary) -> None:
    """Count a batch, in the transaction that stores it. Raises `LeaseLost`, which undoes both."""
    run.line_done = summary.line
    run.refused = (run.refused + [list(each) for each in summary.refused])[:REFUSED_KEPT]
    held = Import.objects.filter(pk=run.pk, lease=run.lease).update(
        line_done=run.line_done,
        refused=run.refused,
        refused_count=F("refused_count") + len(summary.refused),
        new=F("new") + summary.new,
        already_there=F("already_there") + summary.already_there,
        attempts=1,
        leased_until=Now() + LEASE,
    )
    if not held:
        raise LeaseLost


def end(run: Import, state: ImportState, reason: str) -> None:
    """The import is over, unless its lease was lost."""
    Import.objects.filter(pk=run.pk, lease=run.lease).update(
        state=state, reason=reason, lease=None, leased_until=None, finished_at=Now()
    )


def retry(run: Import) -> bool:
    """Go on with an import that stopped, where it stopped; whether it had."""
    again = Import.objects.filter(pk=run.pk, state=ImportState.FAILED).update(
        state=ImportState.WAITING, reason="", attempts=0, finished_at=None
    )
    if again:
        ring_import(run.pk)
    return bool(again)


def sweep() -> None:
    """End what lost its worker three times at the same rows, and ring again for what waits."""
    waiting = Import.objects.filter(Q(lease__isnull=True) | Q(leased_until__lt=Now()), state=ImportState.WAITING)
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=ImportState.FAILED, reason=WORKER_LOST, lease=None, leased_until=None, finished_at=Now()
    )
    for run_pk in waiting.values_list("pk", flat=True):
        ring_import(run_pk)
