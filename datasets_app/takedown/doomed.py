"""Folders that go after their rows: noted in the transaction that deletes the rows, removed once it is committed.

So a kill at any moment leaves either both, or a note that the sweeper acts on; never a row without its file, and
no file that nobody knows of.
"""

import logging
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from datasets_app.media import remote
from datasets_app.takedown.models import DoomedFolder

logger = logging.getLogger(__name__)

MEDIA, RELEASES = "media", "releases"


def doom(kind: str, folders: Iterable[str]) -> None:
    """Let these folders, named relative to the root of their kind, go with the transaction that we are in."""
    paths = [f"{kind}/{folder}" for folder in folders]
    DoomedFolder.objects.bulk_create((DoomedFolder(path=path) for path in paths), ignore_conflicts=True)
    transaction.on_commit(partial(clear, paths), robust=True)


def clear(paths: Iterable[str]) -> None:
    """Remove these folders and forget them. What cannot be removed stays noted."""
    gone = [path for path in paths if _remove(place_of(path)) and _remove_from_storage(path)]
    DoomedFolder.objects.filter(path__in=gone).delete()


def sweep() -> None:
    """Remove what a killed process left."""
    clear(DoomedFolder.objects.order_by("pk").values_list("path", flat=True))


def doomed_in(kind: str) -> set[str]:
    """Folders that are still to go, relative to the root of their kind."""
    left = DoomedFolder.objects.filter(path__startswith=f"{kind}/").values_list("path", flat=True)
    return {path.removeprefix(f"{kind}/") for path in left}


def place_of(path: str) -> Path:
    """Where a noted folder lies."""
    kind, _, folder = path.partition("/")
    return Path({MEDIA: settings.MEDIA_ROOT, RELEASES: settings.RELEASES_ROOT}[kind]) / folder


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        logger.warning("%s could not be removed yet", folder)
    return not folder.exists()


def _remove_from_storage(path: str) -> bool:
    """The copies that browsers get where videos are sent from a bucket."""
    kind, _, folder = path.partition("/")
    if kind != MEDIA or not remote.is_on():
        return True
    try:
        remote.remove(folder)
    except remote.StorageError as error:
        logger.warning("%s", error)
        return False
    return True
