"""The import page: leads send manifests and videos, the worker imports them, the page says what became of each."""

import errno
import gc
import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import MediaState, Project, Video
from datasets_app.intake import ingest as ingest_module
from datasets_app.intake import run_import, views
from datasets_app.intake.land import Summary
from datasets_app.intake.run_import import LeaseLost, claim, continue_import, record, sweep
from datasets_app.models import Import, ImportState
from datasets_app.takedown.project import ask_for_deletion, go_on_deleting
from tests.make import draw_clip, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def lead(project):
    return make_member(project, "lead")


@pytest.fixture
def clips(tmp_path) -> Path:
    for number in range(3):
        draw_clip(tmp_path / f"clips/{'abc'[number]}.mp4", frames=8 + number)
    return tmp_path / "clips"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def manifest_of(*names: str, extra: bytes = b"") -> SimpleUploadedFile:
    lines = [json.dumps({"video": f"clips/{name}.mp4", "prompt": "a red ball"}).encode() for name in names]
    return SimpleUploadedFile("study.jsonl", b"\n".join(lines) + b"\n" + extra)


def upload(path: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(path.name, path.read_bytes())


def rows(run) -> list[tuple[int, str]]:
    """The refused rows of an import."""
    return list(run.refused.values_list("line", "reason"))


def send(user, project, manifest, videos=()):
    files = [upload(path) for path in videos]
    return client_of(user).post(
        reverse("project-import", args=[project.slug]), {"manifest": manifest, "videos": files}
    )


def test_a_manifest_with_its_videos_is_imported_by_the_worker(project, lead, clips):
    manifest = manifest_of("a", "b", "missing", extra=b"nonsense\n")
    response = send(lead, project, manifest, [clips / "a.mp4", clips / "b.mp4"])
    run = Import.objects.get()
    assert response.status_code == 302
    assert response.url == reverse("project-import-run", args=[project.slug, run.public_id])
    page = client_of(lead).get(response.url).content.decode()
    assert "Waiting for a worker" in page
    assert 'hx-trigger="every 1s"' in page
    assert page.index("<noscript>") < page.index('<div id="run"')  # htmx would swap it in as text
    continue_import(run.pk, for_seconds=60)
    run.refresh_from_db()
    assert (run.state, run.new, run.refused_count, run.lines) == (ImportState.DONE, 2, 2, 4)
    assert rows(run)[0] == (3, "No file named missing.mp4 was sent along.")
    page = client_of(lead).get(response.url, headers={"HX-Request": "true"}).content.decode()
    assert "The line is not JSON" in page
    assert "2 videos are being prepared" in page
    Video.objects.update(media_state=MediaState.READY)
    page = client_of(lead).get(response.url, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in page  # the poll ends by itself
    assert "<html" not in page


def test_what_was_sent_goes_when_every_row_has_landed(project, lead, clips):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])
    continue_import(run.pk, for_seconds=60)
    assert not (Path(run_import.settings.MEDIA_ROOT) / run.folder).exists()


def test_files_on_the_server_are_found_where_the_administrator_allowed_it(project, lead, clips, settings):
    page = client_of(lead).get(reverse("project-import", args=[project.slug])).content.decode()
    assert "set <code>IMPORT_ROOT</code>" in page
    assert f"--project {project.slug}</code>" in page
    settings.IMPORT_ROOT = str(clips.parent)
    page = client_of(lead).get(reverse("project-import", args=[project.slug])).content.decode()
    assert f"<code>{clips.parent}</code>" in page
    send(lead, project, manifest_of("a", "../../etc/passwd", "b"))
    continue_import(Import.objects.get().pk, for_seconds=60)
    run = Import.objects.get()
    assert (run.new, rows(run)) == (2, [(2, "The path leads out of the import folder.")])


def test_only_leads_may_import(project, lead, clips):
    run = run_import.start_import(project, lead, manifest_of("a"), [])
    addresses = [
        reverse("project-import", args=[project.slug]),
        reverse("project-import-run", args=[project.slug, run.public_id]),
    ]
    others = [make_member(project, "rater"), make_member(project, "reviewer"), make_member(make_project(), "lead")]
    for person in others:
        for address in addresses:
            assert client_of(person).get(address).status_code == 404
        assert send(person, project, manifest_of("a")).status_code == 404
        for name, arguments in (
            ("project-import-retry", [project.slug, run.public_id]),
            ("project-media-retry", [project.slug]),
        ):
            assert client_of(person).post(reverse(name, args=arguments)).status_code == 404
    assert Client().get(addresses[0]).status_code == 302
    assert Import.objects.count() == 1
    other = make_project()
    stranger = make_member(other, "lead")
    assert (
        client_of(stranger).get(reverse("project-import-run", args=[other.slug, run.public_id])).status_code == 404
    )


def test_a_forged_request_is_refused(project, lead):
    client = Client(enforce_csrf_checks=True)
    client.force_login(lead)
    response = client.post(reverse("project-import", args=[project.slug]), {"manifest": manifest_of("a")})
    assert response.status_code == 403
    assert not Import.objects.exists()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(project, lead, monkeypatch):
    monkeypatch.setattr(views, "MAX_REQUEST_BYTES", 10)

    def never(*_):
        raise AssertionError("the body was read")

    monkeypatch.setattr(views, "_protected_import", never)
    response = send(lead, project, manifest_of("a"))
    assert response.status_code == 413
    assert "At most 99 files" in response.content.decode()


def test_too_many_files_are_refused_in_words(project, lead, clips, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    response = send(lead, project, manifest_of("a"), [clips / "a.mp4", clips / "b.mp4"])
    assert response.status_code == 413
    assert "At most 99 files" in response.content.decode()


@pytest.mark.parametrize(
    ("manifest", "words"),
    [(SimpleUploadedFile("empty.jsonl", b""), "This file is empty"), ("", "This field is required")],
)
def test_what_is_no_manifest_is_said_beside_the_field(project, lead, manifest, words):
    response = send(lead, project, manifest)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_two_files_of_one_name_are_refused(project, lead, clips):
    response = send(lead, project, manifest_of("a"), [clips / "a.mp4", clips / "a.mp4"])
    assert response.status_code == 422
    assert "Two files have the name a.mp4." in response.content.decode()


def test_sent_names_never_reach_the_disk(project, lead, clips):
    evil = SimpleUploadedFile("..\\..\\evil<script>.mp4", (clips / "a.mp4").read_bytes())
    run = run_import.start_import(project, lead, manifest_of("a"), [evil])
    names = sorted(path.name for path in (Path(run_import.settings.MEDIA_ROOT) / run.folder).iterdir())
    assert names == ["manifest.jsonl", "video-0"]


def test_reasons_and_names_are_escaped(project, lead):
    manifest = SimpleUploadedFile(
        "<script>alert(1)</script>.jsonl",
        b'{"video": "<img src=x>.mp4", "prompt": "x", "video_name": "\\u0007"}\n',
    )
    send(lead, project, manifest)
    run = Import.objects.get()
    continue_import(run.pk, for_seconds=60)
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_stretches_go_on_where_the_last_one_ended_and_count_each_row_once(project, lead, clips, monkeypatch):
    run = run_import.start_import(
        project, lead, manifest_of("a", "b", "c"), [upload(clips / f"{name}.mp4") for name in "abc"]
    )
    rung = []
    monkeypatch.setattr(run_import, "ring_import", rung.append)
    claim(run.pk)
    page = reverse("project-import-run", args=[project.slug, run.public_id])
    assert "A worker is at it" in client_of(lead).get(page).content.decode()
    Import.objects.update(lease=None)
    for done in (1, 2, 3):
        continue_import(run.pk, for_seconds=0)
        run.refresh_from_db()
        assert (run.line_done, run.new, run.state, run.attempts) == (done, done, ImportState.WAITING, 0)
    assert "Line 3 of 3" in client_of(lead).get(reverse("project-import", args=[project.slug])).content.decode()
    continue_import(run.pk, for_seconds=0)
    run.refresh_from_db()
    assert (run.new, run.already_there, run.state) == (3, 0, ImportState.DONE)
    assert rung == [run.pk] * 3


def test_a_worker_that_lost_its_lease_writes_nothing(project, lead, clips):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])
    stale = claim(run.pk)
    assert claim(run.pk) is None
    Import.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert claim(run.pk) is not None
    with pytest.raises(LeaseLost):
        record(stale, Summary(new=1, line=1))
    continue_import(run.pk, for_seconds=60)  # held by the other
    assert not Video.objects.exists()


def test_an_import_whose_project_is_deleted_meanwhile_ends_and_leaves_nothing(
    project, lead, clips, monkeypatch, settings, django_capture_on_commit_callbacks
):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])
    land = ingest_module.land

    def land_late(*batch):
        with django_capture_on_commit_callbacks(execute=True):
            go_on_deleting(ask_for_deletion(project).pk)
        return land(*batch)

    monkeypatch.setattr(ingest_module, "land", land_late)
    continue_import(run.pk, for_seconds=60)
    assert not Project.objects.filter(pk=project.pk).exists()
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == []


def test_a_full_disk_stops_with_a_word_and_goes_on_when_asked(project, lead, clips, monkeypatch):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("datasets_app.disk.os.fsync", full)
        continue_import(run.pk, for_seconds=60)
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert run.reason == "No space left on device."
    address = reverse("project-import-run", args=[project.slug, run.public_id])
    page = client_of(lead).get(address).content.decode()
    assert "Stopped after line 0 of 1." in page
    assert "Go on from there" in page
    client_of(lead).post(reverse("project-import-retry", args=[project.slug, run.public_id]))
    continue_import(run.pk, for_seconds=60)
    assert Import.objects.get().new == 1


def test_a_full_disk_while_sending_keeps_nothing(project, lead, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_import, "_keep", full)
    response = send(lead, project, manifest_of("a"))
    assert response.status_code == 507
    assert "No space left on device" in response.content.decode()
    assert not Import.objects.exists()
    assert not list((Path(run_import.settings.MEDIA_ROOT) / "imports").iterdir())


@pytest.mark.parametrize("checks_csrf", [False, True])
def test_without_room_for_the_body_the_page_says_so(project, lead, settings, tmp_path, checks_csrf):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "gone")
    client = Client(enforce_csrf_checks=checks_csrf, headers={"X-CSRFToken": "c" * 32})
    client.force_login(lead)
    client.cookies["csrftoken"] = "c" * 32
    sent = {"manifest": manifest_of("large"), "videos": [SimpleUploadedFile("large.mp4", bytes(3 * 1024**2))]}
    response = client.post(reverse("project-import", args=[project.slug]), sent)
    assert response.status_code == 507
    assert "It could not be kept: No such file or directory." in response.content.decode()


def test_what_was_received_before_the_disk_was_full_is_removed_at_once(
    project, lead, settings, tmp_path, monkeypatch
):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    receive = TemporaryFileUploadHandler.receive_data_chunk

    def receive_some(self, data, start):
        if start > 1024**2:
            raise OSError(errno.ENOSPC, "No space left on device")
        receive(self, data, start)

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", receive_some)
    gc.disable()  # which would remove it, some time
    try:
        sent = {"manifest": manifest_of("a"), "videos": [SimpleUploadedFile("a.mp4", bytes(3 * 1024**2))]}
        response = client_of(lead).post(reverse("project-import", args=[project.slug]), sent)
        assert list(tmp_path.glob("*.upload*")) == []
    finally:
        gc.enable()
    assert response.status_code == 507


def test_the_sweeper_rings_again_and_gives_up_after_three_lost_workers(project, lead, monkeypatch):
    run = run_import.start_import(project, lead, manifest_of("a"), [])
    rung = []
    monkeypatch.setattr(run_import, "ring_import", rung.append)
    sweep()
    assert rung == [run.pk]
    Import.objects.update(attempts=3, lease=uuid.uuid4(), leased_until=timezone.now() - timedelta(seconds=1))
    sweep()
    run.refresh_from_db()
    assert (run.state, run.reason) == (ImportState.FAILED, run_import.WORKER_LOST)
    assert rung == [run.pk]


def test_failed_videos_are_listed_and_tried_again(project, lead, clips):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])
    continue_import(run.pk, for_seconds=60)
    Video.objects.update(media_state=MediaState.FAILED, media_reason="It broke <b>off</b>.", media_attempts=3)
    page = client_of(lead).get(reverse("project-import", args=[project.slug])).content.decode()
    assert "It broke &lt;b&gt;off&lt;/b&gt;." in page
    assert client_of(lead).post(reverse("project-media-retry", args=[project.slug])).status_code == 302
    assert Video.objects.get().media_state == MediaState.WAITING


def test_refused_rows_are_tried_again_alone_and_reported_once(project, lead, clips, settings):
    settings.IMPORT_ROOT = str(clips.parent)
    send(lead, project, manifest_of("a", "late", "b", "never", extra=b"not json\n"))
    run = Import.objects.get()
    continue_import(run.pk, for_seconds=60)
    assert [line for line, _ in rows(run)] == [2, 4, 5]
    address = reverse("project-import-run", args=[project.slug, run.public_id])
    page = client_of(lead).get(address).content.decode()
    assert "Try 2 rows again" in page  # the line that is not JSON stays so
    assert "send the manifest again" in page
    assert "Send these files again" not in page
    assert "Nothing was imported" not in page

    draw_clip(clips / "late.mp4", frames=12)
    client_of(lead).post(reverse("project-import-retry", args=[project.slug, run.public_id]))
    continue_import(run.pk, for_seconds=60)
    run.refresh_from_db()
    assert (run.state, run.new, run.already_there, run.refused_count) == (ImportState.DONE, 3, 0, 2)
    assert [line for line, _ in rows(run)] == [4, 5]


def test_what_was_sent_goes_after_a_week_and_with_it_the_second_try(project, lead, clips):
    manifest = manifest_of("a", extra=b'{"video": "b.mp4", "prompt": "blue", "video_name": "a"}\n')
    files = [upload(clips / "a.mp4"), upload(clips / "b.mp4")]
    run = run_import.start_import(project, lead, manifest, files)
    continue_import(run.pk, for_seconds=60)
    folder = Path(run_import.settings.MEDIA_ROOT) / run.folder
    address = reverse("project-import-run", args=[project.slug, run.public_id])
    assert "Try 1 row again" in client_of(lead).get(address).content.decode()
    sweep()
    assert folder.is_dir()
    Import.objects.update(finished_at=timezone.now() - timedelta(days=8))
    sweep()
    assert not folder.exists()
    run.refresh_from_db()
    assert not run_import.retry_refused(run)
    assert "Try 1 row again" not in client_of(lead).get(address).content.decode()


def test_what_no_other_try_can_bring_in_is_to_be_sent_again_by_name(project, lead, clips):
    (clips / "torn.mp4").write_bytes((clips / "a.mp4").read_bytes()[:200])
    manifest = manifest_of("a", "torn", "never-sent", "never-sent", extra=b'{"video": "clips/b.mp4"}\n')
    run = run_import.start_import(
        project, lead, manifest, [upload(clips / f"{name}.mp4") for name in ("a", "torn")]
    )
    continue_import(run.pk, for_seconds=60)
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert "Send these files again, with the manifest: clips/never-sent.mp4, clips/torn.mp4</p>" in page
    assert "Try " not in page
    run.refresh_from_db()
    assert not run_import.retry_refused(run)
    assert not (Path(run_import.settings.MEDIA_ROOT) / run.folder).exists()  # it would help nobody


def test_addresses_are_tried_again_though_files_were_sent_along(project, lead, clips):
    manifest = manifest_of("a", extra=b'{"video": "http://10.0.0.1/late.mp4", "prompt": "late"}\n')
    run = run_import.start_import(project, lead, manifest, [upload(clips / "a.mp4")])
    continue_import(run.pk, for_seconds=60)
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert "Try 1 row again" in page
    assert "Send these files again" not in page


def test_more_files_than_are_named_are_counted(project, lead, monkeypatch):
    monkeypatch.setattr(views, "TO_SEND_SHOWN", 2)
    run = run_import.start_import(project, lead, manifest_of(*"abcd"), [])
    continue_import(run.pk, for_seconds=60)
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert "with the manifest: clips/a.mp4, clips/b.mp4 and 2 more" in page
    assert "Nothing was imported: every row was refused." in page
    assert "The manifest is done." not in page


def test_a_refused_row_is_shown_by_what_it_names(project, lead):
    lines = [
        {"video": "clips/none.mp4", "prompt": "x"},
        {"video": f"{'deep/' * 40}none.mp4", "prompt": "x"},
        {"video": 5, "prompt": "A red ball\nrolls"},
        {"prompt": "球" * 200},
        {"tier": "none of both"},
    ]
    manifest = "\n".join([*map(json.dumps, lines), '{"video": "cut.mp4", "pro']).encode() + b"\n\0\xff\n"
    run = run_import.start_import(project, lead, SimpleUploadedFile("study.jsonl", manifest), [])
    continue_import(run.pk, for_seconds=60)
    named = list(run.refused.values_list("named", flat=True))
    assert [len(name) for name in named[1::2][:2]] == [120, 120]
    assert named[1].startswith("…/deep/")
    assert named[1].endswith("/none.mp4")
    assert named[3].endswith("球…")
    assert [named[0], named[2], named[4], *named[5:]] == [
        "clips/none.mp4", "A red ball rolls", "", '{"video": "cut.mp4", "pro', "\ufffd",
    ]  # fmt: skip
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert '<td class="break">A red ball rolls</td>' in page
    assert '<td class="break">–</td>' in page
    assert 'No file named none.mp4 was sent along. <span class="muted">Send the file.</span>' in page
    assert 'must be text. <span class="muted">Mend the row.</span>' in page
    assert "The line is not JSON (Invalid control character, column 26). " in page


def test_only_the_files_of_rows_that_have_not_landed_stay_for_another_try(project, lead, clips):
    manifest = manifest_of("a", "b", "c", extra=b'{"video": "b.mp4", "prompt": "blue", "video_name": "a"}\nno\n')
    files = [upload(clips / f"{name}.mp4") for name in "abc"]
    run = run_import.start_import(project, lead, manifest, files)
    folder = Path(run_import.settings.MEDIA_ROOT) / run.folder

    def left() -> set[str]:
        return {path.name for path in folder.iterdir()}

    continue_import(run.pk, for_seconds=0)
    assert left() == {"manifest.jsonl", "video-0", "video-1", "video-2"}
    Import.objects.update(attempts=3)
    sweep()
    run.refresh_from_db()
    assert (run.state, left()) == (ImportState.FAILED, {"manifest.jsonl", "video-1", "video-2"})
    assert run_import.retry(run)
    continue_import(run.pk, for_seconds=60)
    assert [line for line, _ in rows(run)] == [4, 5]
    assert left() == {"manifest.jsonl", "video-1"}


def test_what_was_sent_for_an_import_that_stopped_goes_after_a_week_too(project, lead, clips):
    run = run_import.start_import(project, lead, manifest_of("a"), [upload(clips / "a.mp4")])
    Import.objects.update(attempts=3)
    sweep()
    address = reverse("project-import-run", args=[project.slug, run.public_id])
    assert "Go on from there" in client_of(lead).get(address).content.decode()
    Import.objects.update(finished_at=timezone.now() - timedelta(days=8))
    sweep()
    assert not (Path(run_import.settings.MEDIA_ROOT) / run.folder).exists()
    run.refresh_from_db()
    assert not run_import.retry(run)
    page = client_of(lead).get(address).content.decode()
    assert "Go on from there" not in page
    assert "What was sent is no longer kept." in page


def test_more_refused_rows_than_are_listed_come_as_csv(project, lead, monkeypatch):
    monkeypatch.setattr(views, "REFUSED_SHOWN", 2)
    run = run_import.start_import(project, lead, manifest_of("a", "b", "c"), [])
    continue_import(run.pk, for_seconds=60)
    page = client_of(lead).get(reverse("project-import-run", args=[project.slug, run.public_id])).content.decode()
    assert "The first 2 are listed." in page
    answer = client_of(lead).get(reverse("project-import-refused", args=[project.slug, run.public_id]))
    assert b"".join(answer.streaming_content).decode().splitlines() == [
        "line,video_or_prompt,reason",
        *[
            f"{n},clips/{name}.mp4,No file named {name}.mp4 was sent along."
            for n, name in enumerate("abc", start=1)
        ],
    ]
