"""Several samples of one video: in which order they are asked for, how far they lie apart, and what is taken back."""

import threading
from collections import Counter
from dataclasses import replace

import pytest
from django.db import connections

from annotation.models import Distribution, Suggestion
from scoring import claims, jobs
from scoring.models import Job
from scoring.protocol import Opinion, Probabilities
from tests.make import make_project, make_scorer_version, make_video
from tests.scripted import ANSWER, Listens

pytestmark = pytest.mark.django_db
CHANCES = Probabilities((0.1, 0.2, 0.4, 0.2, 0.1))


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    return Listens(monkeypatch)


def queue(count, samples, project=None):
    project = project or make_project()
    videos = [make_video(project) for _ in range(count)]
    version = make_scorer_version()
    assert jobs.enqueue(version, videos, samples) == count * samples
    return version, videos


def says(visual, physical=None):
    opinions = {"visual_quality": visual, "text_alignment": None, "physical_consistency": physical}
    return replace(ANSWER, opinions={key: score and Opinion(score, CHANCES) for key, score in opinions.items()})


UNREADABLE = replace(says(None), form="unreadable")


def spreads():
    return dict(Distribution.objects.filter(suggestion__sample=0).values_list("dimension", "spread"))


def claimed(version, count):
    """Jobs by sample, each claimed by itself."""
    by_sample = {}
    for _ in range(count):
        [job] = claims.claim(version, 1)
        by_sample[job.sample] = job
    return by_sample


def test_a_video_has_one_job_per_sample_and_more_can_be_asked_for():
    version, videos = queue(3, 2)
    assert jobs.enqueue(version, videos, 2) == 0
    assert jobs.enqueue(version, videos, 4) == 6
    assert jobs.enqueue(version, videos) == 0
    assert Counter(Job.objects.values_list("sample", flat=True)) == {0: 3, 1: 3, 2: 3, 3: 3}


@pytest.mark.parametrize("samples", [0, 11])
def test_nobody_asks_for_none_or_for_hundreds(samples):
    with pytest.raises(ValueError, match="1 to 10 samples"):
        jobs.enqueue(make_scorer_version(), [], samples)


def test_the_first_sample_of_every_video_comes_before_the_second_of_any():
    version, videos = queue(3, 3)
    later = make_video(videos[0].project)
    jobs.enqueue(version, [later], 2)

    taken = [(job.sample, job.video_id) for _ in range(3) for job in claims.claim(version, 4)]
    everyone = [video.pk for video in (*videos, later)]
    assert taken[:8] == [(sample, pk) for sample in (0, 1) for pk in everyone]
    assert [sample for sample, _ in taken[8:]] == [2, 2, 2]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_the_spread_is_right_whatever_the_order_of_arrival(order):
    version, _ = queue(1, 4)
    by_sample = claimed(version, 4)
    answers = [says(4, 2), says(2, 2), UNREADABLE, says(3)]
    for sample in order:
        claims.finish({by_sample[sample]: answers[sample]})

    # of 4, 2, 3: mean 3, squares 1 + 1 + 0; of 2, 2: none
    assert spreads() == {"visual_quality": pytest.approx((2 / 3) ** 0.5), "physical_consistency": 0.0}
    assert not Distribution.objects.exclude(suggestion__sample=0).exclude(spread=None).exists()


def test_one_readable_sample_has_no_spread():
    version, _ = queue(1, 2)
    by_sample = claimed(version, 2)
    claims.finish({by_sample[0]: says(4)})
    claims.finish({by_sample[1]: UNREADABLE})

    assert spreads() == {"visual_quality": None}


def test_samples_of_a_video_that_arrive_in_one_batch_are_measured_too():
    version, videos = queue(2, 2)
    batch = claims.claim(version, 4)
    claims.finish({job: says(4 if job.video == videos[0] else 2 + job.sample) for job in batch})

    assert sorted(Distribution.objects.filter(suggestion__sample=0).values_list("spread", flat=True)) == [0.0, 0.5]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_that_finish_at_once_miss_none_of_each_others_samples():
    version, _ = queue(40, 2)
    first, second = claims.claim(version, 40), claims.claim(version, 40)
    barrier = threading.Barrier(2)
    errors = []

    def work(batch, score, step):
        try:
            for start in range(0, 40, 4):
                barrier.wait()
                claims.finish({job: says(score) for job in batch[start : start + 4][::step]})
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=args) for args in ((first, 2, 1), (second, 4, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert Suggestion.objects.count() == 80
    assert set(Distribution.objects.filter(suggestion__sample=0).values_list("spread", flat=True)) == {1.0}


# --- Taking jobs back ------------------------------------------------------------------------------
def test_cancelling_takes_back_what_waits_and_leaves_what_runs_and_what_is_done():
    project, other = make_project(), make_project()
    version, videos = queue(4, 1, project)
    queue(2, 1, other)
    done, running = claims.claim(version, 2)
    claims.finish({done: ANSWER})

    assert jobs.cancel(version, project) == 2
    assert Counter(Job.objects.of(project).values_list("state", flat=True)) == {"done": 1, "leased": 1}
    assert Job.objects.of(other).count() == 2
    assert claims.finish({running: ANSWER})
    assert jobs.enqueue(version, videos) == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_cancelling_while_workers_claim_and_leads_ask_loses_no_answer():
    project = make_project()
    version, videos = queue(60, 2, project)
    barrier, cancelled, finished, errors = threading.Barrier(5), [], [], []
    asking = threading.Event()

    def run(work):
        try:
            barrier.wait()
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    def drain():
        while (batch := claims.claim(version, 4)) or not asking.is_set():
            if batch:
                claims.extend(batch)
                finished.extend(claims.finish(dict.fromkeys(batch, ANSWER)))

    def cancel_and_ask():
        for _ in range(10):
            cancelled.append(jobs.cancel(version, project))
            jobs.enqueue(version, videos, 2)
        asking.set()

    threads = [threading.Thread(target=run, args=[work]) for work in (drain, drain, drain, drain, cancel_and_ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors
    assert sum(cancelled) > 0
    assert len(finished) == len(set(finished)) == 120
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    assert Suggestion.objects.count() == 120
