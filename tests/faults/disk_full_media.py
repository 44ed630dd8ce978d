"""The disk is full while posters and thumbnails are made."""

from pathlib import Path

from django.conf import settings

from annotation.models import Video
from datasets_app.media.prepare import retry_failed, ring_prepare
from tests.faults.full_disk import SmallDisk
from tests.faults.site import Site, numbered_clip, until, write_manifest
from tests.make import make_project

DONE = "The media folder is a tmpfs without a free byte while the worker prepares three clips; then there is room, and a retry."
CLIPS = 3


def run(site: Site) -> str:
    disk = SmallDisk(site, Path(settings.MEDIA_ROOT))
    project = make_project("clips")
    rows = []
    for number in range(CLIPS):
        name = numbered_clip(site.clip(), site.folder / f"clip-{number}.mp4", number).name
        rows.append({"video": name, "prompt": "a ball rolls"})
    manifest = write_manifest(site.folder / "manifest.jsonl", rows)
    imported = site.manage("import_videos", str(manifest), "--project", project.slug)
    assert imported.returncode == 0, imported.stderr
    before = disk.files()
    disk.fill()
    site.worker()
    ring_prepare(project.pk)
    until(lambda: project.videos.filter(media_state="failed").count() == CLIPS, "all gave up", seconds=120)
    reasons = set(Video.objects.values_list("media_reason", flat=True))
    assert len(reasons) == 1, reasons
    reason = reasons.pop()
    assert "No space left on device" in reason, reason
    assert disk.files() == before, set(disk.files()) - set(before)
    disk.make_room()
    assert retry_failed(project) == CLIPS
    until(lambda: project.videos.filter(media_state="ready").count() == CLIPS, "all ready", seconds=120)
    return f"All three failed with “{reason}”, nothing but the originals left; after the retry all are ready."
