"""I7 and I8: files against their hashes, and files against the rows that name them."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from annotation.models import MediaState, Video
from datasets_app.models import Release, ReleaseState, Trial
from datasets_app.releases.release_manifest import differences

SETTLED_SECONDS = 3600  # a younger file that no row names may still be getting its row


def broken_releases() -> Iterator[str]:
    """Every finished release, file by file."""
    for release in Release.objects.filter(state=ReleaseState.DONE).order_by("pk"):
        for sentence in differences(release.folder):
            yield f"release {release.number} of {release.project_id}: {sentence}"


def strayed_files() -> Iterator[str]:
    """Rows whose files are missing or have another size, and files that no row names.

    Pictures of what scorers saw (`seen/`) are made again when they are wanted: no row names them.
    """
    root = Path(settings.MEDIA_ROOT)
    named: set[str] = set()
    for video in Video.objects.exclude(media_state=MediaState.MISSING).order_by("pk").iterator():
        files = [video.original.name, video.rendition.name, video.poster.name, video.thumbnails.name]
        named.update(name for name in files if name)
        yield from _broken_files(root, video)
    for trial in Trial.objects.order_by("pk"):
        named.add(trial.original.name or "")
        if not (root / (trial.original.name or "")).is_file():
            yield f"trial {trial.pk}: {trial.original.name} is missing"
    settled = time.time() - SETTLED_SECONDS
    for path in sorted([*(root / "videos").rglob("*"), *(root / "trials").glob("*/*")]):
        if path.is_file() and str(path.relative_to(root)) not in named and path.stat().st_mtime < settled:
            yield f"{path.relative_to(root)}: no row names it"


def _broken_files(root: Path, video: Video) -> Iterator[str]:
    wanted = {"original": video.original.name}
    if video.media_state == MediaState.READY:
        wanted |= {"poster": video.poster.name, "thumbnails": video.thumbnails.name}
        if video.rendition:
            wanted["rendition"] = video.rendition.name
    for kind, name in wanted.items():
        if not name or not (root / name).is_file():
            yield f"video {video.pk}: {kind} {name or 'not named'} is missing"
        elif kind == "original" and video.bytes and (root / name).stat().st_size != video.bytes:
            yield f"video {video.pk}: original has {(root / name).stat().st_size} bytes, not {video.bytes}"
