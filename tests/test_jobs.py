"""Scoring jobs: queued once, claimed once, finished once, never lost."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from annotation.models import Distribution, Suggestion
from scoring import claims, jobs
from scoring.models import MAX_ATTEMPTS, Job
from scoring.versions import current_version
from tests.make import make_project, make_scorer_version, make_video
from tests.scripted import ANSWER, Listens, let_leases_run_out, queue_videos, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    return Listens(monkeypatch)


@pytest.mark.postgres
def test_whoever_is_stopped_within_a_transaction_loses_its_locks_after_two_minutes():
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("2min",)


def test_enqueue_is_safe_to_repeat_and_leaves_out_videos_without_a_file(bell):
    project = make_project()
    with_file = make_video(project)
    without = make_video(project, original="", sha256="", media_state="missing")
    version = make_scorer_version()

    assert jobs.enqueue(version, [with_file, without, with_file]) == 1
    assert jobs.enqueue(version, [with_file, without]) == 0
    assert Job.objects.count() == 1
    assert bell.rung == [(version.pk,)]
    assert bell.queues == {"scoring.technical"}


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
                claims.finish({job: ANSWER})
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

    assert claims.finish({job: ANSWER})

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

    assert not claims.finish({zombie: ANSWER})
    assert not claims.fail(zombie, "late")
    assert not Suggestion.objects.exists()
    assert claims.finish({second: ANSWER})
    assert not claims.finish({zombie: ANSWER})
    assert Suggestion.objects.filter(video=video).count() == 1


def test_a_suggestion_that_is_there_already_is_kept():
    version, [video] = queue_videos(1)
    kept = Suggestion.objects.create(
        video=video, scorer_version=version, status="complete", rationale="as shown", visual_quality=1
    )
    [job] = claims.claim(version, 1)

    assert claims.finish({job: ANSWER})
    assert list(Suggestion.objects.values_list("pk", "rationale")) == [(kept.pk, "as shown")]
    assert not Distribution.objects.exists()


def test_extending_keeps_a_lease_from_the_sweep():
    version, _ = queue_videos(1)
    batch = claims.claim(version, 1)
    let_leases_run_out()
    claims.extend(batch)
    jobs.sweep()

    assert claims.finish({batch[0]: ANSWER})


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
            assert claims.finish({job: ANSWER})

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


def test_a_changed_setting_is_a_new_version(monkeypatch):
    first = current_version("technical")
    assert current_version("technical") == first

    monkeypatch.setattr("scoring.versions.settings_of", lambda name: {"revision": 1, "max_frames": 10})
    assert current_version("technical") != first
    assert current_version("technical").scorer == first.scorer
