"""The import of a command: a row like one of the page, by which the same command goes on where it stopped."""

import hashlib
import uuid
from pathlib import Path

from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import Project
from datasets_app.intake.read_manifest import count_lines
from datasets_app.intake.run_import import LEASE
from datasets_app.models import Import, ImportState


def take_up(project: Project, manifest: Path, root: Path) -> Import:
    """The unfinished import of this manifest from this folder, or else a new one; held by a new token.

    A command that still runs loses its hold: the later one goes on from the last row that the earlier one stored.
    Raises `OSError`.
    """
    with manifest.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        lines = count_lines(file)
    which = {"project": project, "manifest_sha256": sha256, "root": str(root.resolve())}
    run = Import.objects.filter(~Q(state=ImportState.DONE), **which).order_by("pk").last()
    if run is None:
        run = Import.objects.create(manifest_name=manifest.name[:200], lines=lines, **which)
    run.lease = uuid.uuid4()
    Import.objects.filter(pk=run.pk).update(
        state=ImportState.WAITING, reason="", lease=run.lease, leased_until=Now() + LEASE, finished_at=None
    )
    run.refresh_from_db()
    return run
