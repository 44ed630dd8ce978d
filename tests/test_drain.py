"""Draining the queue: every way a scorer can answer, fail or be stopped, and what becomes of the job."""

import os
import socket
import threading
import time
import weakref
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import ScorerVersion, Suggestion
from annotation.scale import DIMENSION_KEYS
from scoring import drain, heart, jobs, loaded
from scoring.models import Heartbeat, Job
from scoring.protocol import Answer, Opinion, OutdatedVersion, ScorerUnavailable, UnreadableAnswer, VideoFault
from scoring.tasks import drain_jobs_task
from tests.make import make_project, make_scorer_version
from tests.scripted import Listens, Scripted, queue_videos, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    return Listens(monkeypatch)


@pytest.fixture
def scripted(monkeypatch):
    scorer = Scripted()
    monkeypatch.setattr(drain, "loaded", lambda version: scorer)
    return scorer


def test_draining_answers_all_and_ranks_whoever_orders_by_its_certainty(scripted, monkeypatch):
    ranked = []
    monkeypatch.setattr(drain, "rank_prompts", lambda project: ranked.append(project.slug))
    project = make_project("ranked", order="uncertainty", suggester=make_scorer_version())
    make_project("random", suggester=project.suggester)
    version, _ = queue_videos(6, project)

    assert drain.drain_jobs(version) == 6
    assert [len(batch) for batch in scripted.batches] == [4, 2]
    assert states() == ["done"] * 6
    assert ranked == ["ranked"]


def test_a_question_says_all_that_an_answer_depends_on(scripted, monkeypatch):
    asked = []
    monkeypatch.setattr(scripted, "sample", lambda question: asked.append(question) or question.path.name)
    version, videos = queue_videos(2)
    jobs.enqueue(version, videos, samples=2)
    drain.drain_jobs(version)

    assert [
        (one.prompt, one.sample, one.draw) for one in sorted(asked, key=lambda one: (one.sample, one.path))
    ] == [(video.prompt.text, sample, video.sha256) for sample in (0, 1) for video in videos]


def test_a_message_delivered_three_times_does_nothing_more(scripted):
    version, _ = queue_videos(3)

    assert [drain.drain_jobs(version) for _ in range(3)] == [3, 0, 0]
    assert Suggestion.objects.count() == 3


def test_draining_stops_in_time_and_rings_for_the_rest(scripted, bell):
    version, _ = queue_videos(6)
    bell.rung.clear()

    assert drain.drain_jobs(version, for_seconds=0) == 0
    assert bell.rung == [(version.pk,)]


def test_a_batch_that_would_not_end_in_time_is_not_begun(scripted, bell):
    scripted.while_asking = lambda names: time.sleep(0.7)
    version, _ = queue_videos(10)
    bell.rung.clear()

    assert drain.drain_jobs(version, for_seconds=1.2) == 4
    assert Counter(Job.objects.values_list("state", "attempts")) == {("done", 1): 4, ("queued", 0): 6}
    assert bell.rung == [(version.pk,)]


def test_a_broken_video_fails_alone_and_at_once(scripted):
    scripted.outcomes["1.mp4"] = VideoFault("the file has no video stream")
    version, videos = queue_videos(3)
    drain.drain_jobs(version)

    assert states() == ["done", "done", "failed"]
    failed = Job.objects.get(state="failed")
    assert (failed.video, failed.reason, failed.attempts) == (videos[1], "the file has no video stream", 1)


def test_a_passing_fault_is_tried_three_times(scripted):
    scripted.outcomes["0.mp4"] = VideoFault("the disk did not answer", permanent=False)
    version, _ = queue_videos(1)
    drain.drain_jobs(version)

    job = Job.objects.get()
    assert (job.state, job.attempts, job.reason) == ("failed", 3, "the disk did not answer")


def test_a_reason_may_hold_what_the_database_refuses(scripted):
    scripted.outcomes["0.mp4"] = VideoFault("the server answers 400: \x00\ud800bad")
    version, _ = queue_videos(2)
    drain.drain_jobs(version)

    assert states() == ["done", "failed"]
    assert Job.objects.get(state="failed").reason == "the server answers 400: ?bad"


def test_a_bug_in_the_scorer_fails_its_video_by_name_and_the_rest_goes_on(scripted):
    scripted.outcomes["2.mp4"] = ZeroDivisionError("division by zero")
    version, videos = queue_videos(4)
    drain.drain_jobs(version)

    assert states() == ["done", "done", "done", "failed"]
    failed = Job.objects.get(state="failed")
    assert (failed.video, failed.reason) == (videos[2], "ZeroDivisionError: division by zero")


def test_an_unreadable_answer_is_kept_without_scores(scripted):
    scripted.outcomes["0.mp4"] = UnreadableAnswer("the video is nice\x00")
    version, _ = queue_videos(1)
    drain.drain_jobs(version)

    suggestion = Suggestion.objects.get()
    assert (suggestion.status, suggestion.raw_text) == ("unreadable", "the video is nice")
    assert set(suggestion.scores.values()) == {None}


def test_a_score_off_the_scale_is_refused_by_the_database_and_named(scripted):
    scripted.outcomes["0.mp4"] = Answer(dict.fromkeys(DIMENSION_KEYS, Opinion(9)), "", "", 1)
    version, _ = queue_videos(2)
    drain.drain_jobs(version)

    assert states() == ["done", "failed"]
    assert Job.objects.get(state="failed").reason.startswith("the answer cannot be stored:")


def test_the_time_limit_gives_the_batch_back(scripted, bell):
    scripted.outcomes["1.mp4"] = SoftTimeLimitExceeded()
    version, _ = queue_videos(2)
    bell.rung.clear()
    drain.drain_jobs(version)

    assert states() == ["queued", "queued"]
    assert set(Job.objects.values_list("attempts", "reason")) == {(1, drain.OUT_OF_TIME)}
    assert bell.rung == [(version.pk,)]


def test_a_scorer_that_cannot_work_here_leaves_the_jobs_as_they_were(scripted):
    scripted.outcomes["0.mp4"] = ScorerUnavailable("no device")
    version, _ = queue_videos(2)
    with pytest.raises(ScorerUnavailable):
        drain.drain_jobs(version)

    assert set(Job.objects.values_list("state", "attempts")) == {("queued", 0)}


def test_the_workers_log_says_in_one_line_why_it_cannot_work(scripted, caplog):
    scripted.outcomes["0.mp4"] = ScorerUnavailable("no device")
    version, _ = queue_videos(1)
    drain_jobs_task(version.pk)
    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info) == (f"{version} cannot work here: no device", None)


def test_jobs_of_a_version_that_the_code_no_longer_holds_fail_with_the_reason(monkeypatch):
    def outdated(version):
        raise OutdatedVersion("The measuring code has changed since this version. Start a new run.")

    monkeypatch.setattr(drain, "loaded", outdated)
    version, _ = queue_videos(2)
    drain.drain_jobs(version)

    assert states() == ["failed", "failed"]
    assert "Start a new run" in Job.objects.first().reason


def test_failed_jobs_get_new_attempts_when_asked(scripted, bell):
    scripted.outcomes["0.mp4"] = VideoFault("the file is not there")
    project = make_project()
    version, _ = queue_videos(2, project)
    drain.drain_jobs(version)
    scripted.outcomes.clear()

    assert jobs.retry_failed(version, project) == 1
    drain.drain_jobs(version)
    assert states() == ["done", "done"]


# --- Two batches in hand ---------------------------------------------------------------------------
def test_while_a_batch_is_answered_the_next_is_claimed_and_decoded_and_no_other(scripted):
    decoded, in_hand = threading.Event(), []

    def while_asking(names):
        if "0.mp4" in names:
            assert decoded.wait(10), "the next batch is not decoded while this one is answered"
        in_hand.append(Job.objects.filter(state="leased").count())

    scripted.while_asking = while_asking
    scripted.on_sample = lambda name: name == "7.mp4" and decoded.set()
    version, _ = queue_videos(14)

    assert drain.drain_jobs(version) == 14
    assert [len(batch) for batch in scripted.batches] == [4, 4, 4, 2]
    assert in_hand == [8, 8, 6, 2]
    assert [name for batch in scripted.batches for name in batch] == [f"{number}.mp4" for number in range(14)]


def test_an_answer_is_stored_before_the_next_batch_is_asked_about(scripted):
    stored = []
    scripted.while_asking = lambda names: stored.append(Suggestion.objects.count())
    version, _ = queue_videos(10)
    drain.drain_jobs(version)

    assert stored == [0, 4, 8]


def test_a_job_that_failed_before_has_nothing_beside_it(scripted):
    in_hand = []
    scripted.while_asking = lambda names: in_hand.append(Job.objects.filter(state="leased").count())
    version, videos = queue_videos(6)
    Job.objects.filter(video__in=videos[:3]).update(attempts=1)
    drain.drain_jobs(version)

    assert [len(batch) for batch in scripted.batches] == [3, 1, 1, 1]
    assert in_hand == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("stopped_by", "attempts"),
    [(SoftTimeLimitExceeded(), {1: 4, 0: 4}), (ScorerUnavailable("no device"), {0: 8})],
    ids=["the time limit", "the scorer"],
)
def test_what_was_only_decoded_is_given_back_untried(scripted, stopped_by, attempts):
    scripted.outcomes["1.mp4"] = stopped_by
    version, _ = queue_videos(8)
    with nullcontext() if isinstance(stopped_by, SoftTimeLimitExceeded) else pytest.raises(ScorerUnavailable):
        drain.drain_jobs(version)

    assert states() == ["queued"] * 8
    assert Counter(Job.objects.values_list("attempts", flat=True)) == attempts


def test_a_bug_in_looking_fails_its_video_and_no_other(scripted):
    def bug(name):
        if name == "1.mp4":
            raise KeyError("width")

    scripted.on_sample = bug
    version, videos = queue_videos(4)
    drain.drain_jobs(version)

    failed = Job.objects.get(state="failed")
    assert (failed.video, failed.reason, failed.attempts) == (videos[1], "KeyError: 'width'", 3)
    assert set(Job.objects.filter(state="done").values_list("attempts", flat=True)) == {1}


def test_an_answer_that_cannot_be_stored_sinks_no_other_of_its_batch(scripted):
    scripted.outcomes["2.mp4"] = Answer(dict.fromkeys(DIMENSION_KEYS, Opinion(9)), "", "", 1)
    version, _ = queue_videos(4)
    drain.drain_jobs(version)

    assert states() == ["done", "done", "done", "failed"]
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_a_batch_of_16_takes_as_many_statements_as_one_of_4(scripted):
    counts = []
    for size in (4, 16):
        scripted.batch_size = size
        version, _ = queue_videos(size)
        with CaptureQueriesContext(connection) as statements:
            drain.drain_jobs(version)
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_nothing_of_a_batch_is_kept(monkeypatch):
    class Frames:
        pass

    class Watched(Scripted):
        alive, most = weakref.WeakSet(), 0

        def sample(self, question):
            frames = Frames()
            self.alive.add(frames)
            return frames

        def ask(self, questions, samples, heard):
            self.most = max(self.most, len(self.alive))
            return [""] * len(samples)

    scorer = Watched()
    monkeypatch.setattr(drain, "loaded", lambda version: scorer)
    version, _ = queue_videos(40)
    drain.drain_jobs(version)

    assert scorer.most <= 8
    assert not scorer.alive


# --- A database that breaks off ----------------------------------------------------------------------
def break_off(link):
    """What a restart of the database does to this connection."""
    with psycopg.connect(link.info.dsn, password=link.info.password, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [link.info.backend_pid])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_database_that_breaks_off_costs_no_answer(scripted, monkeypatch):
    monkeypatch.setattr(drain, "PAUSES", (0.1,))
    version, _ = queue_videos(8)
    link = connection.connection
    scripted.on_sample = lambda name: name == "0.mp4" and break_off(link)  # the next batch cannot be claimed

    def while_asking(names):  # nor can the first be stored
        connection.ensure_connection()
        break_off(connection.connection)

    scripted.while_asking = while_asking
    assert drain.drain_jobs(version) == 8

    assert [len(batch) for batch in scripted.batches] == [4, 4]
    assert set(Job.objects.values_list("state", "attempts")) == {("done", 1)}


# --- The heartbeat ---------------------------------------------------------------------------------
@pytest.fixture
def ends(scripted, settings):
    """When the leases in hand end, as seen before and after a time of three heartbeats."""
    settings.SCORING_LEASE_SECONDS = 1
    seen = []

    def look_twice(names):
        for wait in (0, 1):
            time.sleep(wait)
            seen.append(dict(Job.objects.filter(state="leased").values_list("pk", "leased_until")))

    scripted.while_asking = look_twice
    return seen


@pytest.mark.postgres  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
def test_the_heart_holds_both_batches_and_ends_with_the_drain(ends):
    version, _ = queue_videos(8)
    drain.drain_jobs(version)

    before, after = ends[:2]
    assert len(before) == 8
    assert all(after[pk] > until for pk, until in before.items())
    heart = Heartbeat.objects.get()
    assert (heart.worker, heart.scorer_version) == (f"{socket.gethostname()}:{os.getpid()}", version)
    assert (heart.device, heart.batch_size, heart.trouble) == ("CPU", 4, "")
    assert heart.seen_at > heart.started_at
    assert not [thread for thread in threading.enumerate() if thread.name == "heart"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_in_hand_for_too_long_is_given_up(ends, monkeypatch):
    monkeypatch.setattr(heart, "LONGEST", timedelta(0))
    version, _ = queue_videos(4)
    drain.drain_jobs(version)

    before, after = ends[:2]
    assert before == after


def test_a_process_is_seen_before_its_scorer_is_loaded_and_says_why_it_cannot_work(monkeypatch):
    def load(version):
        assert Heartbeat.objects.loading().count() == 1
        raise ScorerUnavailable("no device")

    monkeypatch.setattr(drain, "loaded", load)
    version, _ = queue_videos(2)
    for _ in range(2):
        with pytest.raises(ScorerUnavailable):
            drain.drain_jobs(version)

    [troubled] = Heartbeat.objects.troubled()
    assert (troubled.trouble, troubled.batch_size) == ("no device", None)
    assert not Heartbeat.objects.loading().exists()


def test_processes_that_fell_silent_are_not_alive_and_forgotten_after_a_day(scripted):
    version, _ = queue_videos(1)
    drain.drain_jobs(version)
    assert Heartbeat.objects.alive().exists()

    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=7))
    assert not Heartbeat.objects.alive().exists()
    jobs.sweep()
    assert Heartbeat.objects.exists()

    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(hours=25))
    jobs.sweep()
    assert not Heartbeat.objects.exists()


# --- One scorer a process --------------------------------------------------------------------------
def test_another_version_takes_the_place_of_the_one_before_whose_memory_is_freed_first(monkeypatch):
    freed = []

    class Heavy:
        def __init__(self):
            self.itself = self  # a cycle, as models have

        def __del__(self):
            freed.append(True)

    at_loading = []
    monkeypatch.setattr(loaded, "load", lambda *version: at_loading.append(len(freed)) or Heavy())
    first = make_scorer_version()
    second = ScorerVersion.objects.create(scorer=first.scorer, settings_sha256="1" * 64)

    kept = loaded.loaded(first)
    assert loaded.loaded(first) is kept
    del kept
    loaded.loaded(second)
    assert at_loading == [0, 1]
    loaded._kept.clear()


def test_weights_are_taken_from_where_they_were_registered_else_from_the_usual_place(tmp_path, settings):
    settings.VIDEOSCORE2_CHECKPOINT = "/usual"
    scorer = make_scorer_version("videoscore2").scorer
    for registered, here in [
        (str(tmp_path), str(tmp_path)),
        (str(tmp_path / "elsewhere"), "/usual"),
        ("TIGER-Lab/VideoScore2@0123", "TIGER-Lab/VideoScore2@0123"),
    ]:
        version = ScorerVersion(scorer=scorer, checkpoint=registered)
        assert loaded.checkpoint_here(version) == here
