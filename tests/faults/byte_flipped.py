"""One byte of a finished release changes on the disk."""

from pathlib import Path

from django.db import transaction

from annotation.models import Role
from annotation.room.settle import settle
from datasets_app.models import Release
from datasets_app.releases.build_release import ask_for_release, build_release
from datasets_app.releases.export_options import Options
from tests.faults.site import Site
from tests.make import make_member, make_rating

DONE = "One bit of one byte in the middle of a file of a finished release is turned over, then turned back."


def run(site: Site) -> str:
    release = make_release(site)
    assert site.manage("verify_release", str(release.folder)).returncode == 0
    file = release.folder / "records.jsonl"
    flip(file)
    checked = site.manage("verify_release", str(release.folder))
    assert checked.returncode == 1, checked
    assert "records.jsonl differs from its sha256" in checked.stdout + checked.stderr, checked
    invariants = site.manage("verify_invariants")
    named = [line for line in invariants.stdout.splitlines() if "I7 BROKEN" in line]
    assert invariants.returncode == 1, invariants
    assert len(named) == 1, invariants.stdout
    assert "records.jsonl differs" in named[0], named
    flip(file)
    return (
        "`verify_release` and I7 of `verify_invariants` named records.jsonl, each with status 1; "
        "turned back, both hold."
    )


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def make_release(site: Site) -> Release:
    videos = site.videos_to_score([f"v{number}" for number in range(20)])
    project = videos[0].project
    lead = make_member(project, Role.LEAD)
    for video in videos:
        make_rating(video, lead)
    settle(videos)
    with transaction.atomic():
        release = ask_for_release(project, Options(formats=["records"], videos="none"), lead)[0]
    build_release(release.pk)
    release.refresh_from_db()
    assert release.state == "done", release.reason
    return release
