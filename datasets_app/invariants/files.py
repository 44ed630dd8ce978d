"""I8: files against the rows that name them, and rows against their files."""

import os
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import MediaState, Video
from datasets_app.intake.run_import import KEPT
from datasets_app.models import Import, ImportState, Trial
from datasets_app.takedown.doomed import MEDIA, doomed_in

SETTLED_SECONDS = 3600  # a younger file that no row names may still be getting its row, or being removed
CHUNK = 1_000  # files or rows in memory at once
NAMING = ("original", "rendition", "poster", "thumbnails")  # the columns of a video that name its files


def strayed_files() -> Iterator[str]:
    """Rows whose files are missing or have another size, and files that no row names.

    Pictures of what scorers saw (`seen/`) are made again when they are wanted: no row names them.
    """
    root = Path(settings.MEDIA_ROOT)
    for video in Video.objects.exclude(media_state=MediaState.MISSING).order_by("pk").iterator(CHUNK):
        yield from _broken_files(root, video)
    for trial in Trial.objects.order_by("pk").iterator(CHUNK):
        if not (root / (trial.original.name or "")).is_file():
            yield f"trial {trial.pk}: {trial.original.name} is missing"
    sent = Import.objects.exclude(state=ImportState.DONE).filter(root="")  # a command's files stay where they are
    dropped = Q(state=ImportState.FAILED, finished_at__lt=Now() - KEPT)
    for run in sent.exclude(dropped).order_by("pk").iterator(CHUNK):
        if not (root / run.folder).is_dir():
            yield f"import {run.pk} ({run.state}): {run.folder} is missing"
    yield from _nameless(root)


def _broken_files(root: Path, video: Video) -> Iterator[str]:
    wanted = {"original": video.original.name}
    if video.media_state == MediaState.READY:
        wanted |= {"poster": video.poster.name, "thumbnails": video.thumbnails.name}
        if video.rendition:
            wanted["rendition"] = video.rendition.name
    for kind, name in wanted.items():
        size = _size(root / name) if name else None
        if size is None:
            yield f"video {video.pk}: {kind} {name or 'not named'} is missing"
        elif size == 0:
            yield f"video {video.pk}: {kind} is empty"
        elif kind == "original" and video.bytes and size != video.bytes:
            yield f"video {video.pk}: original has {size} bytes, not {video.bytes}"


def _size(path: Path) -> int | None:
    """Bytes of a file; None where there is none."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _nameless(root: Path) -> Iterator[str]:
    """Files that no row names and that are not young any more, by folder of the media root."""
    named_by = {"videos": _of_videos, "trials": _of_trials, "imports": _of_imports, "staging": _of_nobody}
    for folder, named in named_by.items():
        files = _settled(root / folder, root)
        while chunk := list(islice(files, CHUNK)):
            known = named(chunk)
            doomed = tuple(f"{folder}/" for folder in doomed_in(MEDIA))  # the sweeper comes for them
            left = (name for name in chunk if name not in known and not name.startswith(doomed))
            yield from (f"{name}: no row names it" for name in left)


def _settled(folder: Path, root: Path) -> Iterator[str]:
    """Names, relative to the root, of the files below a folder that nobody has written to for a while."""
    settled = time.time() - SETTLED_SECONDS
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            try:
                if path.lstat().st_mtime < settled:
                    yield str(path.relative_to(root))
            except FileNotFoundError:
                continue  # removed while we looked


def _of_videos(names: list[str]) -> set[str]:
    """By the id in the folder's name, which is quick; what is left, by the columns themselves."""
    known = _named(Q(public_id__in=_ids(names)))
    left = [name for name in names if name not in known]
    return known | (_named(Q(*((f"{column}__in", left) for column in NAMING), _connector=Q.OR)) if left else set())


def _named(videos: Q) -> set[str]:
    rows = Video.objects.filter(videos).exclude(media_state=MediaState.MISSING).values_list(*NAMING)
    return {name for row in rows for name in row if name}


def _of_trials(names: list[str]) -> set[str]:
    return set(Trial.objects.filter(public_id__in=_ids(names)).values_list("original", flat=True))


def _of_imports(names: list[str]) -> set[str]:
    """An import's folder is its own, whatever lies in it, until it is done and none of its rows was refused."""
    is_wanted = ~Q(state=ImportState.DONE) | Q(refused_count__gt=0)
    folders = {run.folder for run in Import.objects.filter(is_wanted, public_id__in=_ids(names))}
    return {name for name in names if "/".join(Path(name).parts[:2]) in folders}


def _of_nobody(names: list[str]) -> set[str]:
    return set()


def _ids(names: Iterable[str]) -> set[UUID]:
    """The public ids that these files' folders are called by."""
    found = set()
    for part in {part for name in names for part in Path(name).parts[1:-1]}:
        try:
            found.add(UUID(hex=part))
        except ValueError:
            continue
    return found
