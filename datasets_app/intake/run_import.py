"""Imports sent through the page: kept as rows, worked off by the worker in short stretches.

A command's import is a row too, so that it goes on where it stopped (`run_command.py`).
"""

import shutil
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import BinaryIO

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
from datasets_app.intake.locate import Addresses, Folder, Source, Uploads
from datasets_app.intake.read_manifest import Row, count_lines, read_lines
from datasets_app.models import Import, ImportState, RefusedRow
from datasets_app.signs_of_life import signs_of_life

MANIFEST = "manifest.jsonl"
LEASE = timedelta(minutes=5)  # without a sign of life
MAX_ATTEMPTS = 3
KEPT = timedelta(days=7)  # what was sent for rows that have not landed, for another try
WORKER_LOST = f"The worker stopped {MAX_ATTEMPTS} times at the same rows."
COMMAND_LOST = "The command stopped. Run it again, and it goes on from there."


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
            complete = work_on(run, manifest, source_of(run), for_seconds=for_seconds)
    except (LeaseLost, Project.DoesNotExist):  # the project, and this with it, was deleted meanwhile
        return
    except OSError as error:
        drop_landed(run)
        end(run, ImportState.FAILED, f"{error.strerror or error}.")
        return
    if not complete:
        # A worker that comes to its time's end is not lost.
        Import.objects.filter(pk=run.pk, lease=run.lease).update(lease=None, leased_until=None, attempts=0)
        ring_import(run.pk)
        return
    drop_landed(run)  # first: who is killed in between comes back here
    if end(run, ImportState.DONE, "") and not run.refused.to_try_again().exists():
        shutil.rmtree(Path(settings.MEDIA_ROOT) / run.folder, ignore_errors=True)


def work_on(
    run: Import,
    manifest: BinaryIO,
    source: Source,
    *,
    for_seconds: float = float("inf"),
    progress: Callable[[int], object] = lambda line: None,
) -> bool:
    """Import from the line after the last one done; whether all is done. Raises `LeaseLost` or `OSError`.

    `progress` is called with the last line of each batch that is stored.
    """
    only = None
    if run.only_refused:
        only = set(run.refused.filter(line__gt=run.line_done).values_list("line", flat=True))
    rows = read_lines(manifest, after=run.line_done, only=only)

    def landed(summary: Summary) -> None:
        record(run, summary)
        progress(summary.line)

    held = Import.objects.filter(pk=run.pk, lease=run.lease)
    with signs_of_life(lambda: held.update(leased_until=Now() + LEASE), every=LEASE.total_seconds() / 3):
        return ingest(run.project, rows, source, landed=landed, for_seconds=for_seconds).complete


def source_of(run: Import) -> Source:
    """Addresses, then files sent along, then the import folder, where the administrator has set one."""
    rest = Folder(Path(settings.IMPORT_ROOT)) if settings.IMPORT_ROOT else None
    sent = Uploads((Path(settings.MEDIA_ROOT) / run.folder).resolve(), run.uploads, rest)
    return Addresses(sent)


def claim(run_pk: int) -> Import | None:
    """The import, held by a new token; None where it ended, is held, or was tried too often."""
    token = uuid.uuid4()
    is_free = Q(lease__isnull=True) | Q(leased_until__lt=Now())
    waiting = Import.objects.filter(is_free, pk=run_pk, root="", state=ImportState.WAITING)
    waiting.filter(attempts__lt=MAX_ATTEMPTS).update(
        lease=token, leased_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    return Import.objects.select_related("project").filter(pk=run_pk, lease=token).first()


def record(run: Import, summary: Summary) -> None:
    """Count a batch, in the transaction that stores it. Raises `LeaseLost`, which undoes both."""
    tried_again, _ = run.refused.filter(line__gt=run.line_done, line__lte=summary.line).delete()
    RefusedRow.objects.bulk_create(RefusedRow(run=run, **refusal._asdict()) for refusal in summary.refused)
    held = Import.objects.filter(pk=run.pk, lease=run.lease).update(
        line_done=summary.line,
        refused_count=F("refused_count") + len(summary.refused) - tried_again,
        new=F("new") + summary.new,
        already_there=F("already_there") + summary.already_there,
        attempts=1,
        leased_until=Now() + LEASE,
    )
    if not held:
        raise LeaseLost
    run.line_done = summary.line


def end(run: Import, state: ImportState, reason: str) -> bool:
    """The import is over, unless its lease was lost; whether it was held."""
    ended = Import.objects.filter(pk=run.pk, lease=run.lease).update(
        state=state, reason=reason, lease=None, leased_until=None, finished_at=Now()
    )
    return bool(ended)


def drop_landed(run: Import) -> None:
    """Remove the files sent for rows that have landed: a video that is taken down leaves no copy here."""
    folder = Path(settings.MEDIA_ROOT) / run.folder
    if not run.uploads or not (folder / MANIFEST).exists():
        return
    refused = set(run.refused.values_list("line", flat=True))
    with (folder / MANIFEST).open("rb") as manifest:
        needed = {
            PurePosixPath(row.video).name
            for line, row in read_lines(manifest)
            if isinstance(row, Row) and (line in refused or (line > run.line_done and not run.only_refused))
        }
    for name, stored in run.uploads.items():
        if name not in needed:
            (folder / stored).unlink(missing_ok=True)


def retry(run: Import) -> bool:
    """Go on with an import that stopped, where it stopped; whether it could."""
    if not run.can_go_on:
        return False
    again = Import.objects.filter(pk=run.pk, state=ImportState.FAILED, root="").update(
        state=ImportState.WAITING, reason="", attempts=0, finished_at=None
    )
    if again:
        ring_import(run.pk)
    return bool(again)


def retry_refused(run: Import) -> bool:
    """Try the refused rows of a finished import once more; whether there was something to try."""
    if not run.can_try_refused_again:
        return False
    again = Import.objects.filter(pk=run.pk, state=ImportState.DONE, root="").update(
        state=ImportState.WAITING, only_refused=True, line_done=0, attempts=0, finished_at=None
    )
    if again:
        ring_import(run.pk)
    return bool(again)


def sweep() -> None:
    """End what lost its worker or its command, ring again for what waits, and drop what was kept long enough."""
    free = Import.objects.filter(Q(lease__isnull=True) | Q(leased_until__lt=Now()), state=ImportState.WAITING)
    ended = {"state": ImportState.FAILED, "lease": None, "leased_until": None, "finished_at": Now()}
    free.exclude(root="").update(reason=COMMAND_LOST, **ended)
    given_up = free.filter(attempts__gte=MAX_ATTEMPTS)
    for run in given_up:
        drop_landed(run)
    given_up.update(reason=WORKER_LOST, **ended)
    for run_pk in free.filter(root="").values_list("pk", flat=True):
        ring_import(run_pk)
    _drop_old_folders()


def _drop_old_folders() -> None:
    folders = {path.name: path for path in (Path(settings.MEDIA_ROOT) / "imports").glob("*")}
    old = Import.objects.filter(public_id__in=folders, finished_at__lt=Now() - KEPT)
    for public_id in old.exclude(state=ImportState.WAITING).values_list("public_id", flat=True):
        shutil.rmtree(folders[public_id.hex], ignore_errors=True)
