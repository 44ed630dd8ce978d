"""Try a clip: sent once, checked, answered by a worker of its scorer, followed on its page, removed after a week."""

import os
import re
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Role, ScorerVersion
from datasets_app.models import Trial
from datasets_app.tasks import answer_trial_task
from datasets_app.trials import ask, sweep
from scoring.models import Heartbeat
from scoring.protocol import OutdatedVersion, Saw, ScorerUnavailable, UnreadableAnswer, VideoFault
from scoring.versions import current_version
from tests.browser import make_clip
from tests.make import draw_clip, make_member, make_project
from tests.scripted import ANSWER, Scripted
from tests.test_invariants import verify
from tests.worker import wait_until

pytestmark = pytest.mark.django_db

SAW = Saw((0, 8, 15), (0.0, 1.0, 1.875), 56, 42)
HOSTILE = '<script>alert(1)</script> & "a dog"'


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    rung = []
    monkeypatch.setattr(
        ask, "ring", lambda task, *ids, urgent=False: rung.append((task.task, task.options["queue"], *ids, urgent))
    )
    return rung


@pytest.fixture
def project():
    return make_project("study")


@pytest.fixture
def lead(client, project):
    client.force_login(make_member(project, Role.LEAD))
    return client


@pytest.fixture
def scorer(monkeypatch):
    """The scorer that the worker has loaded."""
    scripted = Scripted()
    monkeypatch.setattr(ask, "loaded", lambda version: scripted)
    return scripted


def clip(tmp_path, name="clip.mp4", **options) -> SimpleUploadedFile:
    path = draw_clip(tmp_path / "made" / f"{uuid.uuid4().hex}{Path(name).suffix}", **options)
    return SimpleUploadedFile(name, path.read_bytes())


def send(client, upload, *, prompt="a ball rolls", version=None, **more):
    version = version or current_version("technical")
    fields = {"clip": upload, "prompt": prompt, "version": version.pk} | more
    return client.post(reverse("project-trials", args=["study"]), fields)


def started(client, tmp_path, **options) -> Trial:
    response = send(client, clip(tmp_path), **options)
    assert response.status_code == 302, response.content.decode()
    return Trial.objects.get()


def page(client, trial, **headers) -> str:
    return client.get(reverse("trial", args=["study", trial.public_id]), headers=headers).content.decode()


def kept(settings) -> list[str]:
    return sorted(
        str(path.relative_to(settings.MEDIA_ROOT)) for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()
    )


# --- Sending ------------------------------------------------------------------------------------------


def test_a_clip_is_kept_under_a_name_of_ours_and_its_scorers_queue_is_rung(
    lead, project, tmp_path, settings, bell
):
    trial = started(lead, tmp_path, prompt=HOSTILE)
    assert kept(settings) == [f"trials/{trial.public_id.hex}/original.mp4"]
    assert (trial.name, trial.prompt, trial.container, trial.frames, trial.fps) == (
        "clip.mp4",
        HOSTILE,
        "mp4",
        16,
        8,
    )
    assert bell == [("datasets_app.tasks.answer_trial_task", "scoring.technical", trial.pk, True)]
    assert not project.videos.exists()
    assert verify() == {}
    html = page(lead, trial)
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html


def test_without_room_for_the_body_the_page_says_so(lead, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "gone")
    response = send(lead, SimpleUploadedFile("large.mp4", bytes(3 * 1024**2)))
    assert response.status_code == 507
    assert "It could not be kept: No such file or directory." in response.content.decode()
    assert not Trial.objects.exists()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"#EXTM3U\nhttp://x/", "playlist"),
        (b"\x89PNG123456789012", "picture"),
        (b"\0\0\0\x20ftypisom" + b"1" * 99, ""),
    ],
)
def test_what_is_no_video_is_refused_with_its_reason_and_nothing_stays(lead, settings, bell, content, word):
    response = send(lead, SimpleUploadedFile("clip.mp4", content))
    assert response.status_code == 422
    errors = str(response.context["form"].errors["clip"])
    assert word in errors
    assert not Trial.objects.exists()
    assert kept(settings) == []
    assert bell == []


def test_a_form_that_lacks_something_says_what(lead, tmp_path):
    response = send(lead, clip(tmp_path), prompt="  ", version=ScorerVersion(pk=987654))
    assert set(response.context["form"].errors) == {"prompt", "version"}
    assert re.search(r'<textarea name="prompt"[^>]* autofocus', response.content.decode())
    assert lead.post(reverse("project-trials", args=["study"]), {}).status_code == 422


def test_a_body_that_is_too_large_is_refused_unread(lead):
    response = lead.post(
        reverse("project-trials", args=["study"]),
        b"x",
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(3 * 1024**3),
    )
    assert response.status_code == 413
    assert "2 GB" in response.content.decode()


def test_the_form_offers_every_usable_version_and_says_which_is_a_stand_in(lead, project, settings):
    assert "technical" in str(lead.get(reverse("project-trials", args=["study"])).context["form"]["version"])
    technical = current_version("technical")
    technical.settings |= {"stand_in": True}
    technical.save()
    assert "(stand-in, means nothing)" in str(
        lead.get(reverse("project-trials", args=["study"])).context["form"]["version"]
    )
    assert (
        reverse("project-trials", args=["study"])
        in lead.get(reverse("project-suggestions", args=["study"])).content.decode()
    )


# --- Who may --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["rater", "reviewer", "lead of another project", "nobody"])
def test_nobody_but_a_lead_of_the_project_finds_any_of_it(client, lead, project, tmp_path, scorer, who):
    trial = started(lead, tmp_path)
    scorer.outcomes = {"original.mp4": answer_that_saw()}
    answer_trial_task(trial.pk)
    client.logout()
    if who != "nobody":
        role = {"rater": Role.RATER, "reviewer": Role.REVIEWER}.get(who)
        client.force_login(make_member(project, role) if role else make_member(make_project("other"), Role.LEAD))
    one = ["study", trial.public_id]
    for method, name, arguments in [
        ("get", "project-trials", ["study"]),
        ("post", "project-trials", ["study"]),
        ("get", "trial", one),
        ("get", "trial-clip", one),
        ("get", "trial-frames", one),
        ("get", "trial-frames-one", [*one, 0]),
        ("post", "trial-again", one),
        ("post", "trial-delete", one),
    ]:
        status = getattr(client, method)(reverse(name, args=arguments)).status_code
        assert status == 404 or (who == "nobody" and status == 302), name
    if who == "lead of another project":
        for name in ("trial", "trial-clip", "trial-frames"):
            assert client.get(reverse(name, args=["other", trial.public_id])).status_code == 404
    assert Trial.objects.exists()


# --- Answering --------------------------------------------------------------------------------------------


def answer_that_saw(**more):
    return replace(ANSWER, saw=SAW, frames=3, timings={"sample": 0.2, "ask": 1.0}, **more)


def test_the_answer_is_stored_as_the_command_line_prints_it_and_shown(lead, tmp_path, scorer):
    trial = started(lead, tmp_path)
    scorer.outcomes = {"original.mp4": answer_that_saw(rationale=f"It thinks \0{HOSTILE}", raw_text="RAW \0 text")}
    answer_trial_task(trial.pk)
    trial.refresh_from_db()
    assert trial.state == "done"
    assert trial.answer["dimensions"]["visual_quality"]["hard_score"] == 4
    assert trial.answer["dimensions"]["text_alignment"] is None
    assert trial.answer["saw"] == {"frames": [0, 8, 15], "seconds": [0.0, 1.0, 1.875], "width": 56, "height": 42}
    html = page(lead, trial)
    assert "hx-get" not in html  # the poll ends by itself
    for words in (
        "the scorer abstained",
        "RAW  text",
        "What the model saw: 3 frames",
        "It thinks &lt;script&gt;",
        "60 %",
    ):
        assert words in html
    assert "4 · – · 2" in lead.get(reverse("project-trials", args=["study"])).content.decode()


def test_two_doorbells_answer_once(lead, tmp_path, scorer):
    trial = started(lead, tmp_path)
    for _ in range(3):
        answer_trial_task(trial.pk)
    assert len(scorer.batches) == 1
    assert ask.ask_again(trial) is False


def test_a_worker_that_lost_the_trial_changes_nothing(lead, tmp_path):
    trial = started(lead, tmp_path)
    other = Trial.objects.get()
    assert ask.take(trial)
    assert not ask.take(other)
    assert not ask.fail(other, "late")
    Trial.objects.update(lease=uuid.uuid4())
    assert not ask.finish(trial, ANSWER)
    assert not ask.fail(trial, "late")
    assert Trial.objects.get().state == "running"


@pytest.mark.parametrize(
    "fault",
    [
        VideoFault("the video has 1 frame; at least 2 are needed"),
        ScorerUnavailable("no GPU here"),
        OutdatedVersion("the weights have changed"),
        ZeroDivisionError("by zero"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_goes_wrong_is_said_and_may_be_asked_again(lead, tmp_path, scorer, bell, fault):
    trial = started(lead, tmp_path)
    scorer.outcomes = {"original.mp4": fault}
    answer_trial_task(trial.pk)
    trial.refresh_from_db()
    assert trial.state == "failed"
    assert str(fault) in page(lead, trial)
    scorer.outcomes = {}
    lead.post(reverse("trial-again", args=["study", trial.public_id]))
    assert len(bell) == 2
    answer_trial_task(trial.pk)
    assert Trial.objects.get().state == "done"


def test_an_unreadable_answer_has_no_scores_and_is_shown_as_it_came(lead, tmp_path, scorer):
    trial = started(lead, tmp_path)
    scorer.outcomes = {"original.mp4": UnreadableAnswer("I cannot say.", SAW)}
    answer_trial_task(trial.pk)
    trial.refresh_from_db()
    html = page(lead, trial)
    assert "no scores can be read" in html
    assert "I cannot say." in html
    assert "What the model saw: 3 frames" in html
    assert "Unreadable" in lead.get(reverse("project-trials", args=["study"])).content.decode()


def test_the_page_says_what_it_waits_for(lead, tmp_path):
    trial = started(lead, tmp_path)
    html = page(lead, trial, HX_Request="true")
    assert "<html" not in html
    assert 'hx-trigger="every 1s"' in html
    assert "Waiting for a worker" in html
    assert "has been seen lately" not in html
    Trial.objects.update(asked_at=timezone.now() - timedelta(seconds=11))
    assert "No worker of this scorer has been seen lately" in page(lead, trial)
    assert "scoring.technical" in page(lead, trial)
    now = timezone.now()
    Heartbeat.objects.create(worker="a:1", scorer_version=trial.scorer_version, started_at=now, seen_at=now)
    assert "is loading the scorer" in page(lead, trial)
    Heartbeat.objects.update(batch_size=4)
    assert "was seen a moment ago" in page(lead, trial)


@pytest.mark.django_db(transaction=True)
def test_the_text_grows_on_the_page_while_the_scorer_writes(lead, tmp_path, scorer, settings, monkeypatch):
    settings.SCORING_LEASE_SECONDS = 1
    monkeypatch.setattr(ask, "WRITE_EVERY_SECONDS", 0.02)
    trial = started(lead, tmp_path)
    seen = []

    def write(questions, samples, heard):
        for text in ("<think>It", "<think>It rolls\0 on"):
            heard(0, text)
            wait_until(lambda text=text: Trial.objects.get().text_so_far == text.replace("\0", ""), seconds=5)
            seen.append(page(lead, trial))
        until = Trial.objects.get().leased_until
        wait_until(lambda: Trial.objects.get().leased_until > until, seconds=5)  # though nothing more is heard
        return samples

    scorer.ask = write
    answer_trial_task(trial.pk)
    assert Trial.objects.get().state == "done"
    assert "&lt;think&gt;It</p>" in seen[0]
    assert "&lt;think&gt;It rolls on</p>" in seen[1]
    assert "The scorer is writing" in seen[1]
    assert Trial.objects.get().text_so_far == ""


def test_the_real_technical_scorer_answers(lead, tmp_path):
    trial = started(lead, tmp_path)
    answer_trial_task(trial.pk)
    trial.refresh_from_db()
    assert trial.state == "done", trial.reason
    assert trial.answer["status"] == "partial"
    assert trial.answer["dimensions"]["visual_quality"]["hard_score"] in range(1, 6)
    assert "What the model saw" not in page(lead, trial)  # it saw every frame


# --- The clip, its pictures, and their end ----------------------------------------------------------------


def test_the_clip_is_sent_by_ranges_and_only_played_where_browsers_can(lead, tmp_path):
    trial = started(lead, tmp_path)
    address = reverse("trial-clip", args=["study", trial.public_id])
    data = Path(trial.original.path).read_bytes()
    response = lead.get(address, headers={"range": "bytes=10-19"})
    assert (response.status_code, b"".join(response.streaming_content)) == (206, data[10:20])
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"].startswith("private")
    assert address in page(lead, trial)
    Trial.objects.all().delete()
    odd = started_with(lead, clip(tmp_path, codec="mpeg4"))
    html = page(lead, odd)
    assert "Browsers do not play this clip (mpeg4 in mp4)" in html
    assert "<video" not in html
    assert "H.264 copy" not in html


def started_with(client, upload) -> Trial:
    assert send(client, upload).status_code == 302
    return Trial.objects.get()


def test_the_frames_that_it_saw_are_sent(lead, tmp_path, scorer, settings):
    trial = started(lead, tmp_path)
    one = ["study", trial.public_id]
    assert lead.get(reverse("trial-frames", args=one)).status_code == 404  # no answer yet
    scorer.outcomes = {"original.mp4": answer_that_saw()}
    answer_trial_task(trial.pk)
    assert lead.get(reverse("trial-frames", args=one)).status_code == 200
    assert lead.get(reverse("trial-frames-one", args=[*one, 2])).status_code == 200
    assert lead.get(reverse("trial-frames-one", args=[*one, 3])).status_code == 404
    assert verify() == {}
    for _ in range(2):  # a double click
        assert lead.post(reverse("trial-delete", args=one)).status_code == 302
    assert not Trial.objects.exists()
    assert kept(settings) == []


def test_the_sweeper_ends_what_lost_its_worker_and_rings_for_what_waits(lead, tmp_path, bell):
    trial = started(lead, tmp_path)
    sweep.sweep()
    assert len(bell) == 1
    long_ago = timezone.now() - timedelta(seconds=61)
    Trial.objects.update(rung_at=long_ago)
    for _ in range(2):
        sweep.sweep()
    assert len(bell) == 2
    ask.take(trial)
    sweep.sweep()
    assert Trial.objects.get().state == "running"
    Trial.objects.update(leased_until=long_ago)
    assert f"trial {trial.pk}: leased until" in verify()["I5"]
    sweep.sweep()
    assert "The worker stopped" in page(lead, trial)
    assert ask.ask_again(trial)
    Trial.objects.update(asked_at=timezone.now() - timedelta(hours=3))
    sweep.sweep()
    assert "No worker took it" in Trial.objects.get().reason


def test_after_a_week_it_is_gone_and_what_was_left_behind_too(lead, tmp_path, settings, monkeypatch):
    trial = started(lead, tmp_path)
    make_clip(trial.project)
    left = settings.MEDIA_ROOT / trial.folder / "sent"
    left.write_bytes(b"1")
    os.utime(left, (0, 0))
    Path(trial.original.path).rename(left.with_name("elsewhere.mp4"))
    assert f"trial {trial.pk}: {trial.original.name} is missing" in verify()["I8"]
    assert f"{trial.folder}/sent: no row names it" in verify()["I8"]
    (settings.MEDIA_ROOT / "trials" / uuid.uuid4().hex).mkdir()
    monkeypatch.setattr(sweep, "LEFT_BEHIND_SECONDS", -60)
    sweep.sweep()
    assert [folder.name for folder in (settings.MEDIA_ROOT / "trials").iterdir()] == [trial.public_id.hex]
    Trial.objects.update(created_at=timezone.now() - timedelta(days=7, minutes=1))
    sweep.sweep()
    assert not Trial.objects.exists()
    assert not [name for name in kept(settings) if name.startswith("trials")]
    assert [name for name in kept(settings) if name.startswith("videos")]


def test_the_list_costs_the_same_queries_for_one_and_for_thirty(
    lead, project, tmp_path, django_assert_num_queries
):
    trial = started(lead, tmp_path)
    address = reverse("project-trials", args=["study"])
    lead.get(address)
    with CaptureQueriesContext(connection) as one:
        lead.get(address)
    for _ in range(29):
        trial.pk, trial.public_id, trial._state.adding = None, uuid.uuid4(), True
        trial.save()
    with django_assert_num_queries(len(one)):
        assert lead.get(address).content.decode().count("/delete/") == 30
