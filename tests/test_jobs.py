"""Scoring jobs: claimed once, finished once, retried three times, never lost."""

import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connections
from django.utils import timezone

from annotation.models import Distribution, Suggestion
from annotation.scale import DIMENSION_KEYS
from scoring import claims, drain, jobs
from scoring.models import MAX_ATTEMPTS, Job
from scoring.protocol import (
    Answer,
    Opinion,
    OutdatedVersion,
    Probabilities,
    ScorerUnavailable,
    UnreadableAnswer,
    VideoFault,
)
from scoring.versions import current_version
from tests.make import make_project, make_scorer_version, make_video

pytestmark = pytest.mark.django_db
ANSWER = Answer(
    opinions={
        "visual_quality": Opinion(4, Probabilities((0.0, 0.1, 0.2, 0.6, 0.1))),
        "text_alignment": None,
        "physical_consistency": Opinion(2, Probabilities((0.1, 0.5, 0.2, 0.1, 0.1))),
    },
    rationale="It flickers at 0.6 s.",
    raw_text="{}",
    frames=16,
)


class Listens:
    """Stands where Celery would be, and writes down who was rung for."""

    def __init__(self, monkeypatch):
        self.rung = []
        monkeypatch.setattr("scoring.doorbells.ring", lambda task, *ids: self.rung.append(ids))


class Scripted:
    """A scorer whose answers the test decides, by the video's file name."""

    batch_size = 4

    def __init__(self, outcomes=None):
        self.outcomes = outcomes or {}
        self.batches = []

    def sample(self, question):
        outcome = self.outcomes.get(question.path.name)
        if isinstance(outcome, VideoFault):
            raise outcome
        return question.path.name

    def ask(self, questions, samples):
        self.batches.append(list(samples))
        for name in samples:
            outcome = self.outcomes.get(name)
            if isinstance(outcome, BaseException) and not isinstance(outcome, UnreadableAnswer):
                raise outcome
        return samples

    def read(self, raw):
        outcome = self.outcomes.get(raw, ANSWER)
        if isinstance(outcome, UnreadableAnswer):
            raise outcome
        return outcome


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    return Listens(monkeypatch)


@pytest.fixture
def scripted(monkeypatch):
    scorer = Scripted()
    monkeypatch.setattr(drain, "_loaded", lambda name, settings_sha256: scorer)
    return scorer


def queue_videos(count, project=None):
    project = project or make_project()
    videos = [make_video(project, original=f"videos/{number}.mp4") for number in range(count)]
    version = make_scorer_version()
    assert jobs.enqueue(version, videos) == count
    return version, videos


def states():
    return sorted(Job.objects.values_list("state", flat=True))


def let_leases_run_out():
    Job.objects.filter(state="leased").update(leased_until=timezone.now() - timedelta(seconds=1))


def test_enqueue_is_safe_to_repeat_and_leaves_out_videos_without_a_file(bell):
    project = make_project()
    with_file = make_video(project)
    without = make_video(project, original="", sha256="", media_state="missing")
    version = make_scorer_version()

    assert jobs.enqueue(version, [with_file, without, with_file]) == 1
    assert jobs.enqueue(version, [with_file, without]) == 0
    assert Job.objects.count() == 1
    assert bell.rung == [(version.pk,)]


@pytest.mark.postgres  # SQLite takes fewer values a statement
def test_enqueue_takes_the_same_statements_for_10_videos_and_300(django_assert_num_queries):
    project, version = make_project(), make_scorer_version()
    few = [make_video(project) for _ in range(10)]
    many = [make_video(project) for _ in range(300)]
    for videos in (few, many):
        with django_assert_num_queries(2 + 2):  # the savepoint's two
            jobs.enqueue(version, videos)


def test_a_claim_takes_each_job_once():
    version, _ = queue_videos(5)
    first, second = claims.claim(version, 3), claims.claim(version, 3)

    assert len(first) == 3
    assert len(second) == 2
    assert not {job.pk for job in first} & {job.pk for job in second}
    assert claims.claim(version, 3) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_threads_never_claim_the_same_job():
    version, videos = queue_videos(60)
    taken, barrier = [], threading.Barrier(10)

    def work():
        barrier.wait()
        while batch := claims.claim(version, 2):
            taken.extend(job.pk for job in batch)
            for job in batch:
                claims.finish(job, ANSWER)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == len(videos)
    assert Suggestion.objects.count() == len(videos)


def test_finishing_stores_the_suggestion_with_its_numbers():
    version, [video] = queue_videos(1)
    [job] = claims.claim(version, 1)

    assert claims.finish(job, ANSWER)

    suggestion = Suggestion.objects.get(video=video)
    assert suggestion.scores == {"visual_quality": 4, "text_alignment": None, "physical_consistency": 2}
    assert suggestion.status == "partial"
    visual = Distribution.objects.get(suggestion=suggestion, dimension="visual_quality")
    assert (visual.soft_score, visual.expected_score) == (2.4, pytest.approx(3.7))
    assert visual.confidence == pytest.approx(0.6)
    assert not Distribution.objects.filter(dimension="text_alignment").exists()
    assert Job.objects.get().finished_at is not None


def test_a_zombie_that_comes_back_after_its_lease_is_refused():
    version, [video] = queue_videos(1)
    [zombie] = claims.claim(version, 1)
    let_leases_run_out()
    jobs.sweep()
    [second] = claims.claim(version, 1)

    assert not claims.finish(zombie, ANSWER)
    assert not claims.fail(zombie, "late")
    assert not Suggestion.objects.exists()
    assert claims.finish(second, ANSWER)
    assert not claims.finish(zombie, ANSWER)
    assert Suggestion.objects.filter(video=video).count() == 1


def test_a_suggestion_that_is_there_already_is_kept():
    version, [video] = queue_videos(1)
    kept = Suggestion.objects.create(
        video=video, scorer_version=version, status="complete", rationale="as shown", visual_quality=1
    )
    [job] = claims.claim(version, 1)

    assert claims.finish(job, ANSWER)
    assert list(Suggestion.objects.values_list("pk", "rationale")) == [(kept.pk, "as shown")]
    assert not Distribution.objects.exists()


def test_extending_keeps_a_lease_from_the_sweep():
    version, _ = queue_videos(1)
    batch = claims.claim(version, 1)
    let_leases_run_out()
    claims.extend(batch)
    jobs.sweep()

    assert claims.finish(batch[0], ANSWER)


def test_a_worker_that_dies_three_times_on_a_job_fails_it_with_a_reason():
    version, _ = queue_videos(1)
    for _ in range(MAX_ATTEMPTS):
        assert claims.claim(version, 1)
        let_leases_run_out()
        jobs.sweep()

    job = Job.objects.get()
    assert job.state == "failed"
    assert job.reason == "its worker stopped 3 times before it answered"
    assert claims.claim(version, 1) == []


def test_a_job_that_kills_its_worker_takes_no_other_with_it():
    version, videos = queue_videos(4)
    poison = videos[1]
    while batch := claims.claim(version, 4):
        if poison.pk in {job.video_id for job in batch}:
            let_leases_run_out()
            jobs.sweep()
            continue
        for job in batch:
            assert claims.finish(job, ANSWER)

    assert states() == ["done", "done", "done", "failed"]
    assert Job.objects.get(state="failed").video == poison


def test_the_sweep_rings_for_what_was_never_heard_and_not_too_often(bell):
    version, _ = queue_videos(3)
    bell.rung.clear()
    jobs.sweep()
    assert bell.rung == []  # rung when they were queued

    Job.objects.update(published_at=timezone.now() - timedelta(minutes=5))
    jobs.sweep()
    jobs.sweep()
    assert bell.rung == [(version.pk,)]


def test_the_sweep_requeues_only_what_is_overdue():
    version, _ = queue_videos(3)
    claims.claim(version, 1)
    let_leases_run_out()
    claims.claim(version, 1)

    assert jobs.sweep() == 1
    assert states() == ["leased", "queued", "queued"]


def test_draining_answers_all_and_ranks_the_project(scripted, monkeypatch):
    ranked = []
    monkeypatch.setattr(drain, "rank_prompts", lambda project: ranked.append(project.slug))
    project = make_project("ranked")
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
    def outdated(name, settings_sha256):
        raise OutdatedVersion("The measuring code has changed since this version. Start a new run.")

    monkeypatch.setattr(drain, "_loaded", outdated)
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


def test_a_changed_setting_is_a_new_version(monkeypatch):
    first = current_version("technical")
    assert current_version("technical") == first

    monkeypatch.setattr("scoring.versions.settings_of", lambda name: {"revision": 1, "max_frames": 10})
    assert current_version("technical") != first
    assert current_version("technical").scorer == first.scorer
