"""I7: releases against their hashes, and both ways against their rows."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from datasets_app.invariants.files import SETTLED_SECONDS
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.release_manifest import differences
from datasets_app.takedown.doomed import RELEASES, doomed_in

STAGED = re.compile(r"\.(.+)\.part")  # the name of a folder that is being written


def broken_releases() -> Iterator[str]:
    """Every finished release, file by file, its manifest against the hash kept when it was built, and folders
    that no finished release has.
    """
    for release in Release.objects.filter(state=ReleaseState.DONE).order_by("pk").iterator():
        for sentence in differences(release.folder, manifest_sha256=release.manifest_sha256):
            yield f"release {release.number} of {release.project_id}: {sentence}"
    yield from _strayed_folders(Path(settings.RELEASES_ROOT))


def _strayed_folders(root: Path) -> Iterator[str]:
    """Folders of no release, once they are old enough: builds name their folder just before the row is done."""
    settled = time.time() - SETTLED_SECONDS
    doomed = doomed_in(RELEASES)
    for folder in sorted(root.glob("*/*")):
        if folder.stat().st_mtime >= settled or folder.parent.name in doomed:
            continue
        staged = STAGED.fullmatch(folder.name)
        release = _release(folder.parent.name, staged[1] if staged else folder.name)
        if staged and not (release and release.open) and not _is_locked(folder):
            yield f"{folder.relative_to(root)}: left of a build that nobody goes on with"
        elif not staged and release is None:
            yield f"{folder.relative_to(root)}: no release has it"


def _release(project: str, number: str) -> Release | None:
    """The release whose folder is called so."""
    if not (project.isdecimal() and number.isdecimal()):
        return None
    return Release.objects.filter(project=int(project), number=int(number)).first()


def _is_locked(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
