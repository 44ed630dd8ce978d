"""Build a release that was asked for on the page. Its row is the truth; what a lost worker built is taken up."""

import json
import time
import uuid
from contextlib import AbstractContextManager
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Now

from annotation.audit import record
from annotation.models import AuditKind, Project, User
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.changes import changes_of
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.release_manifest import MANIFEST, differences, hash_file
from datasets_app.releases.staged_folder import FolderTakenError, clear_staged
from datasets_app.signs_of_life import signs_of_life

LEASE = timedelta(minutes=2)  # without a sign of life
SHOW_SECONDS = 1.0  # how often the progress bar moves
MAX_ATTEMPTS = 3


class LeaseLost(Exception):
    """Another worker builds this release now."""


def ask_for_release(project: Project, options: Options, asked_by: User | None) -> tuple[Release, bool]:
    """A release to be built, and whether it is new: the same one asked for twice is built once.

    Call it in a transaction: the project's row is held so that numbers do not collide.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    releases = Release.objects.filter(project=project)
    open_states = [ReleaseState.QUEUED, ReleaseState.BUILDING]
    settings = options.as_json()
    if same := releases.filter(state__in=open_states, settings=settings).first():
        return same, False
    last = releases.order_by("-number").values_list("number", flat=True).first() or 0
    return Release.objects.create(project=project, number=last + 1, created_by=asked_by, settings=settings), True


def build_release(release_id: int) -> None:
    """Build a queued release; nothing happens when another worker has it or it is done."""
    lease = uuid.uuid4()
    queued = Release.objects.filter(pk=release_id, state=ReleaseState.QUEUED)
    changes = {"state": ReleaseState.BUILDING, "attempts": F("attempts") + 1, "written": 0, "total": 0}
    if not queued.update(lease=lease, leased_until=_lease_end(), **changes):
        return
    release = Release.objects.select_related("project", "created_by").get(pk=release_id)
    try:
        with _kept(release, lease):
            counts = _finished_before(release) or _build(release, lease)
    except LeaseLost:
        return
    except SoftTimeLimitExceeded:
        _close(release, lease, state=ReleaseState.FAILED, reason="It took longer than a task may take.")
    except (ExportError, FolderTakenError) as error:
        _close(release, lease, state=ReleaseState.FAILED, reason=str(error))
    except OSError as error:
        reason = f"The files could not be written: {error.strerror or error}."
        _close(release, lease, state=ReleaseState.FAILED, reason=reason)
    else:
        sha256, _ = hash_file(release.folder / MANIFEST)
        kept = counts | {"changes": changes_of(release)}
        done = {"counts": kept, "written": counts["videos"], "manifest_sha256": sha256}
        _finish(release, lease, done)


@transaction.atomic
def _finish(release: Release, lease: uuid.UUID, done: dict[str, object]) -> None:
    if _close(release, lease, state=ReleaseState.DONE, **done):
        facts = {"formats": release.settings["formats"], "videos": done["written"]}
        by, number = release.created_by, str(release.number)
        record(AuditKind.RELEASE_BUILT, by=by, project=release.project, subject=number, **facts)


def take_back_lost_builds() -> list[int]:
    """Queue builds without a sign of life again, or give them up; the ids of all that wait for a worker."""
    lost = Release.objects.filter(state=ReleaseState.BUILDING, leased_until__lt=Now())
    given_up = list(lost.filter(attempts__gte=MAX_ATTEMPTS))
    lost.filter(pk__in=[release.pk for release in given_up]).update(
        state=ReleaseState.FAILED,
        reason=f"The worker stopped {MAX_ATTEMPTS} times while it built this release.",
        lease=None,
        leased_until=None,
        finished_at=Now(),
    )
    lost.update(state=ReleaseState.QUEUED, lease=None, leased_until=None)
    for release in given_up:
        clear_staged(release.folder)
    return list(Release.objects.filter(state=ReleaseState.QUEUED).values_list("pk", flat=True))


def _kept(release: Release, lease: uuid.UUID) -> AbstractContextManager[None]:
    """Keep the lease while inside: reading the ratings takes minutes."""
    held = Release.objects.filter(pk=release.pk, lease=lease)
    return signs_of_life(lambda: held.update(leased_until=_lease_end()), every=LEASE.total_seconds() / 3)


def _build(release: Release, lease: uuid.UUID) -> dict[str, object]:
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if done < total and time.monotonic() - shown < SHOW_SECONDS:
            return
        shown = time.monotonic()
        held = Release.objects.filter(pk=release.pk, lease=lease)
        if not held.update(written=done, total=total):
            raise LeaseLost

    return export_dataset(release.project, Options(**release.settings), release.folder, show).as_json()


def _finished_before(release: Release) -> dict[str, object] | None:
    """The counts of a folder that an earlier worker completed without living to say so."""
    if not release.folder.exists() or differences(release.folder):
        return None
    counts: dict[str, object] = json.loads((release.folder / MANIFEST).read_bytes())["counts"]
    return counts


def _close(release: Release, lease: uuid.UUID, **changes: object) -> bool:
    """End the build, unless the lease was lost meanwhile; whether it was not."""
    held = Release.objects.filter(pk=release.pk, lease=lease)
    return held.update(lease=None, leased_until=None, finished_at=Now(), **changes) > 0


def _lease_end() -> ExpressionWrapper:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())
