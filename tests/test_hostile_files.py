"""Hostile files by upload and by import: refused with a word or handled in the limited child; the worker lives."""

import json
import os
import time
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation.models import MediaState, Project
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import read_lines
from datasets_app.intake.run_import import continue_import
from datasets_app.media import limits
from datasets_app.media.prepare import prepare_waiting
from datasets_app.media.sandbox import Sandbox
from datasets_app.models import Import
from tests import hostile
from tests.make import draw_clip, make_member, make_project
from tests.realdata import DATA, realdata

pytestmark = pytest.mark.django_db

MOST_SECONDS = 20  # a question; far from what any of these takes
MOST_CHILD_BYTES = 700 * 1024**2
MOST_GROWTH_BYTES = 150 * 1024**2  # of this process


@pytest.fixture
def watched(monkeypatch) -> list[dict]:
    """What each question cost the child, and the limits that it ran under."""
    asked = []
    ask = Sandbox.ask

    def watch(self, what, **arguments):
        started = time.monotonic()
        try:
            return ask(self, what, **arguments)
        finally:
            seconds = time.monotonic() - started
            asked.append({"path": arguments["path"], "seconds": seconds} | facts_of(self._child))

    monkeypatch.setattr(Sandbox, "ask", watch)
    return asked


def facts_of(child) -> dict:
    if child is None or child.poll() is not None:
        return {}
    process = psutil.Process(child.pid)
    status = Path(f"/proc/{child.pid}/status").read_text()
    return {
        "peak": int(status.split("VmHWM:")[1].split()[0]) * 1024,
        "limits": {name: process.rlimit(kind)[0] for name, kind in KINDS.items()},
        "environment": set(process.environ()),
        "session": os.getsid(child.pid) == child.pid,
    }


KINDS = {
    "memory": psutil.RLIMIT_AS,
    "file": psutil.RLIMIT_FSIZE,
    "files": psutil.RLIMIT_NOFILE,
    "core": psutil.RLIMIT_CORE,
}
LIMITS = {
    "memory": limits.DECODER_MEMORY_BYTES,
    "file": limits.DECODER_FILE_BYTES,
    "files": limits.DECODER_OPEN_FILES,
    "core": 0,
}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A folder of all hostile files and a good clip at the end; the word that each is refused with, or none."""
    folder = tmp_path_factory.mktemp("hostile")
    words = {}
    for name, content, word in hostile.every_file(folder):
        (folder / name).write_bytes(content)
        words[name] = word
    draw_clip(folder / "good.mp4")
    return folder, words


def manifest_of(names: list[str]) -> bytes:
    rows = [{"video": name, "prompt": f"prompt of {name}", "video_name": name} for name in names]
    return "\n".join(json.dumps(row) for row in rows).encode()


def by_import(project: Project, folder: Path, names: list[str], path: Path) -> dict[str, str]:
    path.write_bytes(manifest_of(names))
    with path.open("rb") as rows:
        summary = ingest(project, read_lines(rows), Folder(folder))
    return {names[refusal.line - 1]: refusal.reason for refusal in summary.refused}


def by_upload(client, project: Project, folder: Path, names: list[str]) -> dict[str, str]:
    client.force_login(make_member(project, "lead"))
    sent = {
        "manifest": SimpleUploadedFile("manifest.jsonl", manifest_of(names)),
        "videos": [SimpleUploadedFile(name, (folder / name).read_bytes()) for name in names],
    }
    assert client.post(reverse("project-import", args=[project.slug]), sent).status_code == 302
    run = Import.objects.get(project=project)
    continue_import(run.pk, for_seconds=600)
    return {names[line - 1]: reason for line, reason in run.refused.values_list("line", "reason")}


def assert_handled(project: Project, refused: dict[str, str], words: dict[str, str]) -> None:
    """Each file was refused with its word, or is a video that is ready or says why it is not."""
    wrong = []
    for name, word in words.items():
        video = project.videos.filter(name=name).first()
        reason = refused.get(name, "")
        is_refused = bool(reason) and word in reason and "took longer" not in reason
        is_handled = (
            video is not None and not word and (video.media_state == MediaState.READY or video.media_reason)
        )
        if not (is_refused or is_handled) or (reason and video):
            wrong.append((name, word, reason, video and video.media_reason))
    assert wrong == []
    assert project.videos.get(name="good.mp4").media_state == MediaState.READY


def assert_within_limits(watched: list[dict]) -> None:
    alive = [facts for facts in watched if "limits" in facts]
    assert len(alive) > len(watched) // 2
    for facts in alive:
        assert facts["limits"] == LIMITS
        assert facts["environment"] <= {"PATH", "LANG", "LC_CTYPE"}
        assert facts["session"]
        assert facts["peak"] < MOST_CHILD_BYTES, facts
    assert max(facts["seconds"] for facts in watched) < MOST_SECONDS


def test_every_hostile_file_is_refused_or_handled_and_the_worker_lives(table, watched, client, tmp_path):
    folder, words = table
    secret = folder / "secret.mp4"
    os.utime(secret, ns=(0, secret.stat().st_mtime_ns))
    names = [*words, "good.mp4"]
    before = psutil.Process().memory_info().rss
    imported, uploaded = make_project("imported"), make_project("uploaded")
    refused = by_import(imported, folder, names, tmp_path / "manifest.jsonl")
    assert by_upload(client, uploaded, folder, names) == refused
    for project in (imported, uploaded):
        prepare_waiting(project, for_seconds=300)
        assert_handled(project, refused, words)
    assert_within_limits(watched)
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH_BYTES
    assert secret.stat().st_atime_ns == 0  # what others named was never read
    assert not list((Path(django_settings.MEDIA_ROOT) / "staging").iterdir())


@realdata
def test_every_odd_file_by_import_and_by_upload(watched, client, tmp_path):
    """What becomes of each is in `test_realdata_media.py`; here: the same by both doors, and what it costs."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for path in (DATA / "odd").iterdir():
        if path.name != "manifest.jsonl":
            (folder / path.name).write_bytes(path.read_bytes())
    draw_clip(folder / "good.mp4")
    names = sorted(path.name for path in folder.iterdir())
    imported, uploaded = make_project("imported"), make_project("uploaded")
    refused = by_import(imported, folder, names, tmp_path / "manifest.jsonl")
    assert "empty file" in refused.pop("zero_bytes.mp4")
    names.remove("zero_bytes.mp4")  # the page's form refuses it
    assert by_upload(client, uploaded, folder, names) == refused
    assert len(refused) == 13
    assert imported.videos.count() == uploaded.videos.count() == len(names) - 13
    assert_within_limits(watched)
