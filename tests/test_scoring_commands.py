"""`score_videos` and `score_video`, as a person at a terminal meets them."""

import json
import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from annotation.models import ScorerVersion, Suggestion
from scoring.drain import drain_jobs
from scoring.models import Heartbeat, Job
from scoring.registry import Entry
from scoring.scorers.videoscore2.stand_in import CHECKPOINT as STAND_IN
from scoring.versions import current_version
from tests import drawn
from tests.make import make_project, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("scoring.doorbells.ring", lambda task, *ids: None)


def run(capsys, *arguments) -> str:
    call_command(*arguments)
    return capsys.readouterr().out


def test_score_videos_queues_every_video_with_a_sound_file_once(capsys):
    project = make_project("study")
    for state in ("ready", "ready", "waiting", "failed"):
        make_video(project, media_state=state)

    assert "3 of 3 videos queued for technical" in run(
        capsys, "score_videos", "--project", "study", "--scorer", "technical"
    )
    again = run(capsys, "score_videos", "--project", "study", "--scorer", "technical")
    assert "0 of 3 videos queued" in again
    assert "1 have no file that can be scored" in again
    assert Job.objects.count() == 3


@pytest.mark.parametrize(
    ("project", "scorer", "message"),
    [("none", "technical", "There is no project 'none'"), ("study", "videoscore9", "There is no scorer")],
)
def test_score_videos_names_what_it_does_not_know(project, scorer, message):
    make_project("study")
    with pytest.raises(CommandError, match=message):
        call_command("score_videos", "--project", project, "--scorer", scorer)


def test_wait_lists_the_reasons_and_fails_when_a_video_failed(capsys, settings):
    project = make_project("study")
    clip = drawn.write_clip(settings.MEDIA_ROOT / "clip.mp4", drawn.draw_pictures(frames=4))
    (clip.parent / "broken.mp4").write_bytes(b"no video")
    make_video(project, original="clip.mp4", name="whole")
    make_video(project, original="broken.mp4", name="broken")
    call_command("score_videos", "--project", "study", "--scorer", "technical")
    drain_jobs(current_version("technical"))

    with pytest.raises(CommandError, match=r"1 failed:\n  broken: the file cannot be read as a video"):
        call_command("score_videos", "--project", "study", "--scorer", "technical", "--wait")
    assert "1 done, 1 failed." in capsys.readouterr().out


def test_retry_failed_gives_new_attempts(capsys, settings):
    project = make_project("study")
    make_video(project, original="late.mp4")
    call_command("score_videos", "--project", "study", "--scorer", "technical")
    drain_jobs(current_version("technical"))
    assert Job.objects.get().reason == "the file is not there"
    drawn.write_clip(settings.MEDIA_ROOT / "late.mp4", drawn.draw_pictures(frames=4))

    call_command("score_videos", "--project", "study", "--scorer", "technical", "--retry-failed")
    drain_jobs(current_version("technical"))
    assert Job.objects.get().state == "done"


@pytest.mark.django_db(transaction=True)
def test_wait_follows_a_worker_to_the_end(capsys, settings):
    project = make_project("study")
    drawn.write_clip(settings.MEDIA_ROOT / "clip.mp4", drawn.draw_pictures(frames=4))
    for number in range(3):
        make_video(project, original="clip.mp4", sha256=f"{number:064x}")
    version = current_version("technical")

    def work():
        while not drain_jobs(version):
            time.sleep(0.1)
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    output = run(capsys, "score_videos", "--project", "study", "--scorer", "technical", "--wait")
    worker.join()

    assert "3 done, 0 failed" in output
    assert Suggestion.objects.count() == 3


def test_wait_without_a_worker_says_that_nothing_moves():
    make_video(make_project("study"))
    with pytest.raises(CommandError, match=r"and 1 jobs are left\. .*worker -Q scoring\.technical"):
        call_command("score_videos", "--project", "study", "--scorer", "technical", "--wait", "--patience", "1")


def test_wait_is_patient_while_a_scorer_is_being_loaded(monkeypatch):
    make_video(make_project("study"))
    version, now = current_version("technical"), timezone.now()
    heart = Heartbeat.objects.create(worker="gpu:7", scorer_version=version, started_at=now, seen_at=now)
    looked, sleep = [], time.sleep

    def loads_in_vain(seconds):
        sleep(0.2)
        looked.append(time.monotonic())
        if len(looked) == 6:
            heart.trouble = "no weights here"
            heart.save()

    monkeypatch.setattr("scoring.management.commands.score_videos.time.sleep", loads_in_vain)
    with pytest.raises(CommandError, match="gpu:7 says: no weights here"):
        call_command("score_videos", "--project", "study", "--scorer", "technical", "--wait", "--patience", "0.5")
    assert len(looked) > 6


def test_samples_are_queued_and_cancelled_by_command(capsys):
    project = make_project("study")
    for _ in range(2):
        make_video(project)
    command = ("score_videos", "--project", "study", "--scorer", "technical")

    assert "6 jobs queued for technical" in run(capsys, *command, "--samples", "3")
    assert Job.objects.filter(sample=2).count() == 2
    assert run(capsys, *command, "--cancel").startswith("6 jobs of technical")
    assert not Job.objects.exists()
    with pytest.raises(CommandError, match="invalid choice: 11"):
        call_command(*command, "--samples", "11")


# --- register_scorer -------------------------------------------------------------------------------
def test_a_version_is_registered_where_the_weights_are_and_asked_from_anywhere(capsys, settings, monkeypatch):
    make_video(make_project("study"))
    monkeypatch.chdir(STAND_IN.parent)
    name, known_by = run(capsys, "register_scorer", "videoscore2", "--checkpoint", STAND_IN.name).split("  ")
    version = ScorerVersion.objects.get(settings_sha256=known_by.strip())
    assert name == str(version)
    assert version.checkpoint == str(STAND_IN)

    settings.VIDEOSCORE2_CHECKPOINT = ""
    command = ("score_videos", "--project", "study", "--scorer", "videoscore2")
    assert f"1 of 1 videos queued for {name}" in run(capsys, *command)

    version.jobs.all().delete()
    ScorerVersion.objects.all().delete()
    with pytest.raises(CommandError, match="needs a checkpoint: name one, or set VIDEOSCORE2_CHECKPOINT"):
        call_command(*command)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "There is no scorer 'nobody'"),
        (["videoscore2", "--checkpoint", "/nowhere"], "neither a folder"),
        (["videoscore2", "--checkpoint", "./nowhere"], "neither a folder"),
    ],
)
def test_register_scorer_ends_with_one_clear_line(arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("register_scorer", *arguments)


def test_a_precision_that_there_is_not_makes_no_version(settings):
    settings.VIDEOSCORE2_DTYPE = "float8"
    with pytest.raises(CommandError, match=r"VIDEOSCORE2_DTYPE is .float8.; it must be one of .*float16"):
        call_command("register_scorer", "videoscore2", "--checkpoint", str(STAND_IN))
    assert not ScorerVersion.objects.exists()


@pytest.mark.parametrize("path", ["no_such_module.ENTRY", "tests.patient.NOTHING", "entry"])
def test_a_scorer_of_ones_own_that_cannot_be_found_is_named_with_the_setting(settings, path):
    settings.EXTRA_SCORERS = {"absent": path}
    with pytest.raises(ImproperlyConfigured, match=f"EXTRA_SCORERS: absent={path} cannot be found"):
        call_command("register_scorer", "technical")


# --- score_video -----------------------------------------------------------------------------------
def test_score_video_prints_the_promised_json_and_stores_nothing(capsys, tmp_path, django_assert_num_queries):
    clip = drawn.write_clip(tmp_path / "clip.mp4", drawn.draw_pictures())
    with django_assert_num_queries(0):
        output = run(
            capsys, "score_video", str(clip), "--prompt", "a ball rolls", "--scorer", "technical", "--json"
        )

    answer = json.loads(output)
    assert set(answer) == {"status", "dimensions", "rationale", "raw_text", "frames", "timings"}
    assert answer["status"] == "partial"
    assert answer["frames"] == 24
    assert answer["dimensions"]["text_alignment"] is None
    visual = answer["dimensions"]["visual_quality"]
    assert set(visual) == {"hard_score", "soft_score", "expected_score", "confidence", "probabilities"}
    assert list(visual["probabilities"]) == ["1", "2", "3", "4", "5"]
    assert set(answer["timings"]) == {"sample", "ask", "read"}


def test_score_video_speaks_to_people_too(capsys, tmp_path):
    clip = drawn.write_clip(tmp_path / "clip.mp4", drawn.draw_pictures())
    output = run(capsys, "score_video", str(clip), "--prompt", "a ball rolls", "--scorer", "technical")

    assert "Text-to-video alignment: not judged" in output
    assert "24 frames" in output


@pytest.mark.parametrize(
    ("name", "content", "arguments", "message"),
    [
        ("none.mp4", None, [], "none.mp4: the file is not there"),
        ("broken.mp4", b"no video", [], "broken.mp4: the file cannot be read as a video"),
        ("clip.mp4", b"", ["--checkpoint", "/weights"], "The scorer technical takes no checkpoint"),
    ],
)
def test_score_video_ends_with_one_clear_line(tmp_path, name, content, arguments, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("score_video", str(tmp_path / name), "--prompt", "x", "--scorer", "technical", *arguments)


def test_score_video_says_what_is_not_installed(tmp_path, settings, monkeypatch):
    absent = Entry(scorer="no_such_library.Scorer", settings="tests.patient.SETTINGS", about="")
    monkeypatch.setattr("tests.patient.ENTRY", absent)
    settings.EXTRA_SCORERS = {"absent": "tests.patient.ENTRY"}
    with pytest.raises(CommandError, match=r"absent cannot be loaded here: No module named 'no_such_library'"):
        call_command("score_video", str(tmp_path / "clip.mp4"), "--prompt", "x", "--scorer", "absent")
