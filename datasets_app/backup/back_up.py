"""Make a backup: the database first, then the files that its rows name.

Files are written before the rows that name them and removed after those are gone. What the database names at its
moment is therefore there at that moment, and stays, unless somebody deletes it while it is copied: such a file is
named at the end. Files that came later belong to rows that the dump does not have, and are left out.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from annotation.models import MediaState, Video
from datasets_app.backup.database import DUMP, BackupError, dump, one_moment
from datasets_app.disk import sync
from datasets_app.models import Import, ImportState, Release, ReleaseState, Trial
from datasets_app.releases.release_manifest import FileFacts, hash_file, write_manifest
from datasets_app.releases.staged_folder import FolderTakenError, move_into_place, staged_folder

MEDIA, RELEASES = "media", "releases"
VIDEO_FILES = ("original", "rendition", "poster", "thumbnails")


@dataclass
class BackUp:
    """What a backup holds."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)  # named by a row, and not there when it was copied


def places() -> dict[str, Path]:
    """The folders whose files belong to the installation, by their name in a backup."""
    return {MEDIA: Path(settings.MEDIA_ROOT), RELEASES: Path(settings.RELEASES_ROOT)}


def back_up(target: Path, *, link: bool = False) -> BackUp:
    """Write everything into `target`, which appears whole or not at all. Raises BackupError.

    With `link` a file on the same disk is not copied but gets a second name: quick, and as lost as the first one
    if the disk is. Files of ours are never changed in place.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is there already.")
    made = BackUp()
    try:
        with staged_folder(target) as part:
            with one_moment() as moment:
                dump(part, moment)
                counts = count_rows()
                migrations = sorted(MigrationRecorder(connection).applied_migrations())
                names = [*_named_files()]
            made.rows = sum(counts.values())
            facts = {"engine": connection.vendor, "migrations": migrations, "rows": counts}
            write_manifest(part, facts, _put_files(part, names, made, link=link))
            os.sync()
            move_into_place(part, target)
    except (OSError, FolderTakenError) as error:
        raise BackupError(str(error)) from error
    return made


def count_rows() -> dict[str, int]:
    """Rows of every table of ours and Django's, but for the sessions, which come and go."""
    kept = [model for model in apps.get_models() if model._meta.managed and model._meta.app_label != "sessions"]
    return {model._meta.db_table: model._base_manager.count() for model in kept}


def _named_files() -> Iterator[str]:
    """What the rows name, below its place in a backup: `media/videos/...`, `releases/7/0001/...`."""
    videos = Video.objects.exclude(media_state=MediaState.MISSING).order_by("pk")
    for row in videos.values_list(*VIDEO_FILES).iterator():
        yield from (f"{MEDIA}/{name}" for name in row if name)
    yield from (f"{MEDIA}/{trial.original.name}" for trial in Trial.objects.order_by("pk").iterator())
    for run in Import.objects.exclude(state=ImportState.DONE).order_by("pk"):
        yield from _below(Path(settings.MEDIA_ROOT), Path(settings.MEDIA_ROOT) / run.folder, MEDIA)
    for release in Release.objects.filter(state=ReleaseState.DONE).order_by("pk"):
        yield from _below(Path(settings.RELEASES_ROOT), release.folder, RELEASES)


def _below(root: Path, folder: Path, place: str) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{place}/{path.relative_to(root)}"


def _put_files(part: Path, names: list[str], made: BackUp, *, link: bool) -> Iterator[FileFacts]:
    """Bring each file into the backup; what it is there, dump included."""
    dumped = DUMP[connection.vendor]
    sync(part / dumped)
    yield FileFacts(dumped, *hash_file(part / dumped))
    roots = places()
    for name in names:
        place, _, below = name.partition("/")
        copy = part / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            put(roots[place] / below, copy, link=link)
        except FileNotFoundError:
            made.missing.append(name)
            continue
        facts = FileFacts(name, *hash_file(copy))
        made.files, made.bytes = made.files + 1, made.bytes + facts.bytes
        yield facts


def put(source: Path, target: Path, *, link: bool) -> None:
    """Copy a file, or give it a second name where asked and the disk is the same."""
    if link and source.stat().st_dev == target.parent.stat().st_dev:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def read_facts(folder: Path) -> dict[str, Any]:
    """What a backup's manifest says. Raises BackupError where it is none."""
    try:
        facts = json.loads((folder / "manifest.json").read_text())
        return {"engine": facts["engine"], "migrations": facts["migrations"], "rows": facts["rows"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder} is no backup: {error}") from error
