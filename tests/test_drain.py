"""Draining the queue: every way a scorer can answer, fail or be stopped, and what becomes of the job."""

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from annotation.models import Suggestion
from annotation.scale import DIMENSION_KEYS
from scoring import drain, jobs
from scoring.models import Job
from scoring.protocol import Answer, Opinion, OutdatedVersion, ScorerUnavailable, UnreadableAnswer, VideoFault
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


def test_a_message_delivered_three_times_does_nothing_more(scripted):
    version, _ = queue_videos(3)

    assert [drain.drain_jobs(version) for _ in range(3)] == [3, 0, 0]
    assert Suggestion.objects.count() == 3


def test_draining_stops_in_time_and_rings_for_the_rest(scripted, bell):
    version, _ = queue_videos(6)
    bell.rung.clear()

    assert drain.drain_jobs(version, for_seconds=0) == 0
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
