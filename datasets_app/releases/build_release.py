"""Build a release that was asked for on the page. Its row is the truth; what a lost worker built is taken up."""

import json
import time
import uuid
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Now

from annotation.models import Project, User
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.release_manifest import MANIFEST, differences
from datasets_app.releases.staged_folder import FolderTakenError

LEASE = timedelta(minutes=2)  # without a sign of life
SIGN_OF_LIFE_SECONDS = 1.0
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
    wanted = {"format": options.format, "settings": options.as_json()}
    if same := releases.filter(state__in=open_states, **wanted).first():
        return same, False
    last = releases.order_by("-number").values_list("number", flat=True).first() or 0
    return Release.objects.create(project=project, number=last + 1, created_by=asked_by, **wanted), True


def build_release(release_id: int) -> None:
    """Build a queued release; nothing happens when another worker has it or it is done."""
    lease = uuid.uuid4()
    queued = Release.objects.filter(pk=release_id, state=ReleaseState.QUEUED)
    changes = {"state": ReleaseState.BUILDING, "attempts": F("attempts") + 1, "written": 0, "total": 0}
    if not queued.update(lease=lease, leased_until=_lease_end(), **changes):
        return
    release = Release.objects.select_related("project").get(pk=release_id)
    try:
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
        _close(release, lease, state=ReleaseState.DONE, counts=counts, written=counts["records"])


def take_back_lost_builds() -> list[int]:
    """Queue builds without a sign of life again, or give them up; the ids of all that wait for a worker."""
    lost = Release.objects.filter(state=ReleaseState.BUILDING, leased_until__lt=Now())
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=ReleaseState.FAILED,
        reason=f"The worker stopped {MAX_ATTEMPTS} times while it built this release.",
        lease=None,
        leased_until=None,
        finished_at=Now(),
    )
    lost.update(state=ReleaseState.QUEUED, lease=None, leased_until=None)
    return list(Release.objects.filter(state=ReleaseState.QUEUED).values_list("pk", flat=True))


def _build(release: Release, lease: uuid.UUID) -> dict[str, object]:
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if done < total and time.monotonic() - shown < SIGN_OF_LIFE_SECONDS:
            return
        shown = time.monotonic()
        held = Release.objects.filter(pk=release.pk, lease=lease)
        if not held.update(written=done, total=total, leased_until=_lease_end()):
            raise LeaseLost

    return export_dataset(release.project, Options(**release.settings), release.folder, show).as_json()


def _finished_before(release: Release) -> dict[str, object] | None:
    """The counts of a folder that an earlier worker completed without living to say so."""
    if not release.folder.exists() or differences(release.folder):
        return None
    counts: dict[str, object] = json.loads((release.folder / MANIFEST).read_bytes())["counts"]
    return counts


def _close(release: Release, lease: uuid.UUID, **changes: object) -> None:
    """End the build, unless the lease was lost meanwhile."""
    held = Release.objects.filter(pk=release.pk, lease=lease)
    held.update(lease=None, leased_until=None, finished_at=Now(), **changes)


def _lease_end() -> ExpressionWrapper:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())
