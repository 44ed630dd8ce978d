"""The disk is full while somebody sends videos."""

import re
import subprocess
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from annotation.models import Role, Video
from datasets_app.models import Import
from tests.faults.full_disk import SmallDisk
from tests.faults.raters import CSRF, cookies_of
from tests.faults.site import Site, numbered_clip, until, write_manifest
from tests.make import make_member, make_project

DONE = (
    "A lead sends a manifest and a clip of 4 MB, first with the folder for temporary files, then with the media folder "
    "on a tmpfs of 2 MB; then there is room, and they send again."
)


def run(site: Site) -> str:
    disk, temporary = SmallDisk(site, Path(settings.MEDIA_ROOT)), SmallDisk(site, site.folder / "temporary")
    project = make_project("clips")
    lead = make_member(project, Role.LEAD)
    clip = numbered_clip(site.clip(), site.folder / "large.mp4", 1, padding=4 * 1024**2)
    rows = [{"video": "large.mp4", "prompt": "a ball rolls"}]
    manifest = write_manifest(site.folder / "manifest.jsonl", rows)
    web = site.web(TMPDIR=str(temporary.folder))
    address = f"http://127.0.0.1:{web.port}{reverse('project-import', args=[project.slug])}"
    for full in (temporary, disk):
        status, page = send(address, cookies_of(lead), manifest, clip)
        assert status == HTTPStatus.INSUFFICIENT_STORAGE, (full.folder, status)
        said = re.findall(r"It could not be kept: [^<]+", page)
        assert said, "the page does not say why"
        assert "No space left on device" in said[0], said
        assert disk.files() == [], disk.files()
        until(lambda: not temporary.files(), "temporary files are gone", seconds=10)  # just after the answer
        assert not Import.objects.exists()
        full.make_room()
    status, _ = send(address, cookies_of(lead), manifest, clip)
    assert status == HTTPStatus.FOUND, status
    site.worker()
    until(lambda: Video.objects.filter(media_state="ready").exists(), "the clip ready", seconds=90)
    return f"Twice 507, “{said[0]}”, no file and no row; sent again: kept, imported and ready."


def send(address: str, cookies: str, manifest: Path, clip: Path) -> tuple[int, str]:
    """A form as a browser sends it; status and page."""
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--cookie", cookies]
    command += ["--header", f"X-CSRFToken: {CSRF}"]
    command += ["--form", f"manifest=@{manifest}", "--form", f"videos=@{clip}", address]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)
    page, _, status = answer.stdout.rpartition("\n")
    return int(status), page
