"""Imports from servers that take long: what was fetched lands, is fetched once, and nobody takes the work for lost."""

import json
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from datasets_app.intake import ingest as ingest_module
from datasets_app.intake import look, run_import
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Addresses, Folder
from datasets_app.intake.read_manifest import read_lines
from datasets_app.intake.run_command import take_up
from datasets_app.models import Import, ImportState
from tests.make import draw_clip, make_member, make_project
from tests.web_server import Web, says
from tests.worker import wait_until


@pytest.fixture
def web(settings, monkeypatch):
    """A server that may be asked, by two at a time; what takes longer than a moment is slow."""
    settings.IMPORT_URL_ALLOW = ["127.0.0.1/32"]
    monkeypatch.setattr(look, "LOOKERS", 2)
    monkeypatch.setattr(look, "CHUNK_SECONDS", 0.1)
    monkeypatch.setattr(ingest_module, "BATCH_SECONDS", 0.0)
    with Web() as web:
        yield web


@pytest.fixture
def clip(tmp_path) -> bytes:
    return draw_clip(tmp_path / "a.mp4", frames=4, size=(32, 32)).read_bytes()


def once(holds: Callable[[], bool], clip: bytes) -> Callable[[socket.socket], None]:
    """The clip, but only once something holds; else nothing."""
    return lambda connection: connection.sendall(says(clip) if holds() else says(status="404 Not Found"))


def manifest_of(web: Web, numbers: range) -> bytes:
    rows = ({"video": web.url(f"/{number}.mp4"), "prompt": f"ball {number}"} for number in numbers)
    return b"\n".join(json.dumps(row).encode() for row in rows)


@pytest.mark.django_db
def test_each_stretch_lands_what_it_fetched_and_no_address_is_asked_twice(web, clip, monkeypatch):
    project = make_project()
    rows = range(7)
    for number in rows:
        web.answers[f"/{number}.mp4"] = once(lambda: not threading.Event().wait(0.3), clip)
    manifest = SimpleUploadedFile("slow.jsonl", manifest_of(web, rows))
    run = run_import.start_import(project, make_member(project, "lead"), manifest, [])
    monkeypatch.setattr(run_import, "ring_import", lambda pk: None)
    stretches = 0
    while run.state == ImportState.WAITING:
        run_import.continue_import(run.pk, for_seconds=0.05)
        run.refresh_from_db()
        assert run.line_done == len(web.requests)
        stretches += 1
    assert (run.state, run.new, len(web.requests)) == (ImportState.DONE, 7, 7)
    assert stretches > 2


@pytest.mark.django_db
def test_what_was_fetched_lands_while_the_next_server_keeps_everybody_waiting(web, clip, tmp_path):
    landed = threading.Event()
    for number in range(2):
        web.answers[f"/{number}.mp4"] = once(lambda: not threading.Event().wait(1), clip)
    for number in range(2, 4):
        web.answers[f"/{number}.mp4"] = once(lambda: landed.wait(15), clip)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(manifest_of(web, range(4)))
    with manifest.open("rb") as file:
        source = Addresses(Folder(tmp_path))
        summary = ingest(make_project(), read_lines(file), source, landed=lambda part: landed.set())
    assert (summary.new, summary.refused, summary.complete) == (4, [], True)


class Slow(Folder):
    """A folder whose files take until somebody has shown that the work on them still goes on."""

    def open(self, name: str):
        try:
            wait_until(lambda: Import.objects.filter(leased_until__gt=timezone.now()).exists(), seconds=20)
            run_import.sweep()
        finally:
            connection.close()
        return super().open(name)


@pytest.mark.django_db(transaction=True)
def test_a_command_that_waits_for_long_keeps_its_lease(clip, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(run_import, "LEASE", timedelta(seconds=1.5))
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps({"video": "a.mp4", "prompt": "ball"}))
    run = take_up(make_project(), manifest, tmp_path)
    Import.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    with manifest.open("rb") as file:
        assert run_import.work_on(run, file, Slow(tmp_path))
    run.refresh_from_db()
    assert (run.state, run.new) == (ImportState.WAITING, 1)
