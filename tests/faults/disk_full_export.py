"""The disk is full while a release is written."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotation.models import Role
from annotation.room.settle import settle
from datasets_app.models import Release
from datasets_app.releases.build_release import ask_for_release
from datasets_app.releases.export_options import Options
from datasets_app.tasks import build_release_task
from tests.faults.full_disk import SmallDisk
from tests.faults.site import Site, until
from tests.make import make_member, make_project, make_prompt, make_rating, make_video

DONE = "The folder of releases is a tmpfs of 2 MB; a release of 4 MB is built by the worker and by `export_dataset`; then there is room."
VIDEOS = 400


def run(site: Site) -> str:
    disk = SmallDisk(site, Path(settings.RELEASES_ROOT))
    project = make_project("finished")
    lead = rate_all(project)
    site.worker()
    first = build(project, lead)
    assert first.state == "failed", first.state
    assert "No space left on device" in first.reason, first.reason
    asked = ["export_dataset", "--project", project.slug, "--format", "records", "--videos", "none", "--output"]
    exported = site.manage(*asked, str(disk.folder / "mine"))
    said = exported.stderr.strip().splitlines()[-1]
    assert exported.returncode == 1, exported
    assert "No space left on device" in said, said
    assert disk.files() == [], disk.files()
    assert list(disk.folder.glob("**/*")) in ([], [first.folder.parent]), list(disk.folder.glob("**/*"))
    disk.make_room()
    second = build(project, lead)
    assert (second.state, second.counts["videos"]) == ("done", VIDEOS), second.reason
    assert site.manage("verify_release", str(second.folder)).returncode == 0
    again = site.manage(*asked, str(site.folder / "mine"))
    assert again.returncode == 0, again.stderr
    return f"Page: “{first.reason}” Command: “{said}” No file left; with room both write all {VIDEOS} records."


def rate_all(project):
    prompt, lead, videos = make_prompt(project), make_member(project, Role.LEAD), []
    for number in range(VIDEOS):
        videos.append(
            make_video(project, prompt, media_state="missing", original="", sha256="", name=f"v{number}")
        )
        make_rating(videos[-1], lead, visual_quality_reason=f"soft {number} " * 1_000)
    settle(videos)
    return lead


def build(project, lead) -> Release:
    with transaction.atomic():
        release = ask_for_release(project, Options(formats=["records"], videos="none"), lead)[0]
    build_release_task.apply_async([release.pk])
    until(lambda: not Release.objects.get(pk=release.pk).open, "the build ended", seconds=120)
    return Release.objects.get(pk=release.pk)
