"""Suggestions by a real worker over a real Redis, while both are killed, stopped and emptied."""

import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db.models import Count
from django.utils import timezone

from annotation.models import Suggestion
from scoring.jobs import enqueue, sweep
from scoring.models import Heartbeat, Job
from scoring.scorers.videoscore2.stand_in import CHECKPOINT as STAND_IN
from scoring.tasks import sweep_jobs_task
from scoring.versions import current_version
from tests import drawn, patient
from tests.in_hand import stop_in_mid_job
from tests.make import make_project, make_video
from tests.realdata import real_rows
from tests.worker import ROOT, Worker, empty_redis, environment, wait_until

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_old_messages():
    empty_redis()
    yield
    empty_redis()


@pytest.fixture
def start_worker(tmp_path):
    started = []

    def start(**options) -> Worker:
        started.append(Worker(tmp_path, **options))
        wait_until(started[-1].ready, seconds=60)
        return started[-1]

    yield start
    for worker in started:
        worker.signal(signal.SIGCONT)
        worker.kill()


def import_clips(media: Path, clips: list[Path], slug: str = "study"):
    """Ready videos with their files where the workers look for them."""
    project = make_project(slug)
    videos = []
    for number, clip in enumerate(clips):
        name = f"videos/{slug}-{number}.mp4"
        target = media / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clip, target)
        videos.append(make_video(project, original=name, name=clip.stem))
    return project, videos


@pytest.fixture
def twenty_clips(tmp_path, settings):
    pictures = drawn.draw_pictures()
    clips = [drawn.write_clip(tmp_path / f"clip-{n}.mp4", pictures[n % 5 :]) for n in range(20)]
    return import_clips(settings.MEDIA_ROOT, clips)


@pytest.fixture
def patients(settings):
    """Queue videos for the scorer that sleeps; the files are not looked at."""
    settings.EXTRA_SCORERS = patient.EXTRA_SCORERS

    def queue(names: list[str], *, samples: int = 1):
        project = make_project()
        videos = [make_video(project, original=f"videos/{name}.mp4", name=name) for name in names]
        enqueue(current_version("patient"), videos, samples)
        return videos

    return queue


def numbered(count: int) -> list[str]:
    return [f"{number:02}" for number in range(count)]


def done() -> int:
    return Job.objects.filter(state="done").count()


def done_after_a_sweep(count: int) -> bool:
    sweep()
    return done() >= count


def wait_for_all(count: int, *, seconds: float = 90) -> None:
    """Sweep as beat would, until every job is done. Of each second a minute passes: a worker that was killed or
    stopped may have taken doorbells with it, and the sweep rings again after a minute.
    """

    def all_done() -> bool:
        let_a_minute_pass()
        return done_after_a_sweep(count)

    wait_until(all_done, seconds=seconds, every=1)


def assert_one_suggestion_each(count: int) -> None:
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    assert Suggestion.objects.count() == count
    assert not Suggestion.objects.values("video").annotate(n=Count("pk")).filter(n__gt=1).exists()


def let_a_minute_pass() -> None:
    """For the sweep, which rings again for jobs that were rung for a minute ago."""
    Job.objects.filter(state="queued").update(published_at=timezone.now() - timedelta(minutes=2))


def test_a_worker_killed_half_way_loses_nothing_and_does_nothing_twice(twenty_clips, start_worker):
    _, videos = twenty_clips
    first = start_worker()
    enqueue(current_version("technical"), videos)
    wait_until(lambda: done() >= 7, seconds=60, every=0.05)
    first.kill()
    assert 7 <= done() < 20

    start_worker()
    wait_for_all(20)

    assert_one_suggestion_each(20)


@pytest.mark.postgres  # SQLite locks the whole file where PostgreSQL locks a row
def test_a_worker_stopped_past_its_lease_and_continued_is_refused(patients, start_worker):
    zombie = start_worker(PATIENT_SECONDS="1.5")
    patients(numbered(40))
    stop_in_mid_job(zombie)
    start_worker()
    wait_for_all(40)
    zombie.signal(signal.SIGCONT)
    wait_until(lambda: b"succeeded" in zombie.log.read_bytes(), seconds=30)

    assert b"refused: its lease was lost" in zombie.log.read_bytes()
    assert_one_suggestion_each(40)


def test_a_heartbeat_holds_what_is_in_hand_however_long_the_scorer_takes(patients, start_worker):
    start_worker(lease_seconds=3, PATIENT_SECONDS="8")
    patients(numbered(16))
    wait_for_all(16)

    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
    assert_one_suggestion_each(16)
    [heart] = Heartbeat.objects.all()
    assert (heart.device, heart.batch_size, heart.trouble) == ("a chair", 8, "")
    assert heart.scorer_version == current_version("patient")


def test_a_video_that_kills_its_worker_fails_after_three_attempts_and_takes_none_with_it(patients, start_worker):
    start_worker(PATIENT_SECONDS="0.1")
    patients(["00", "01", "poison", *numbered(16)[3:]])

    def all_ended() -> bool:
        sweep()
        return not Job.objects.open().exists()

    wait_until(all_ended, seconds=90, every=0.5)

    failed = Job.objects.get(state="failed")
    assert (failed.video.name, failed.attempts) == ("poison", 3)
    assert failed.reason == "its worker stopped 3 times before it answered"
    others = Job.objects.exclude(pk=failed.pk)
    assert set(others.values_list("state", flat=True)) == {"done"}
    assert max(others.values_list("attempts", flat=True)) == 2
    assert Suggestion.objects.count() == 15


def test_a_lost_device_ends_its_process_and_the_next_goes_on(patients, start_worker, tmp_path):
    log = tmp_path / "loaded"
    start_worker(PATIENT_LOG=str(log), PATIENT_SECONDS="0.1", lease_seconds=60)
    patients(["00", "01", "glitch", *numbered(16)[3:]])
    wait_until(lambda: not Job.objects.open().exists(), seconds=90)

    failed = Job.objects.get(state="failed")
    assert (failed.video.name, failed.attempts) == ("glitch", 3)
    assert failed.reason == "the device failed: CUDA error: device-side assert triggered"
    assert Suggestion.objects.count() == 15
    processes = [line.split()[0] for line in log.read_text().splitlines()]
    assert len(processes) == len(set(processes)) >= 3


def test_a_scorer_is_loaded_once_at_the_first_job_and_after_the_fork(patients, start_worker, tmp_path):
    log = tmp_path / "loaded"
    worker = start_worker(PATIENT_LOG=str(log), PATIENT_SECONDS="0")
    time.sleep(1)
    assert not log.exists()
    for round_ in (1, 2, 3):
        patients([f"{round_}-{name}" for name in numbered(2)])
        wait_for_all(2 * round_)

    [loaded] = log.read_text().splitlines()
    process, parent = map(int, loaded.split())
    assert process != parent == worker.process.pid


def test_a_scorer_that_cannot_work_here_says_why_and_its_jobs_wait(patients, start_worker):
    away = start_worker(PATIENT_IS_AWAY="1")
    patients(numbered(3))
    wait_until(lambda: Heartbeat.objects.troubled().exists(), seconds=60)

    assert Heartbeat.objects.get().trouble == "the patient is away"
    assert set(Job.objects.values_list("state", "attempts")) == {("queued", 0)}

    away.kill()
    start_worker()
    let_a_minute_pass()
    wait_for_all(3)


def test_redis_emptied_with_jobs_queued_loses_none(twenty_clips, start_worker):
    _, videos = twenty_clips
    enqueue(current_version("technical"), videos)
    empty_redis()
    start_worker()
    assert done() == 0

    let_a_minute_pass()
    sweep_jobs_task.delay()
    wait_until(lambda: done() == 20, seconds=60)

    assert_one_suggestion_each(20)


def test_without_a_broker_the_jobs_are_saved_and_follow_when_it_is_back(
    twenty_clips, start_worker, tmp_path, unused_tcp_port
):
    broker = f"redis://127.0.0.1:{unused_tcp_port}/0"
    asked = subprocess.run(
        [sys.executable, "manage.py", "score_videos", "--project", "study", "--scorer", "technical"],
        cwd=ROOT,
        env=environment(tmp_path, REDIS_URL=broker),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert asked.returncode == 0, asked.stderr
    assert Job.objects.filter(state="queued").count() == 20

    server = subprocess.Popen(
        ["redis-server", "--port", str(unused_tcp_port), "--save", "", "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
    )
    try:
        start_worker(REDIS_URL=broker)
        let_a_minute_pass()
        subprocess.run(
            [sys.executable, "-m", "celery", "-A", "config", "call", sweep_jobs_task.name],
            cwd=ROOT,
            env=environment(tmp_path, REDIS_URL=broker),
            check=True,
            timeout=60,
            capture_output=True,
        )
        wait_until(lambda: done() == 20, seconds=60)
    finally:
        server.terminate()
        server.wait()

    assert_one_suggestion_each(20)


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.long
@pytest.mark.realdata
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the folder of real clips is not beside the checkout")
def test_real_clips_by_the_stand_in_through_three_kills_and_an_emptied_redis(settings, start_worker):
    lines = real_rows(of=4)
    _, videos = import_clips(settings.MEDIA_ROOT, [REAL_DATA / line["video"] for line in lines], "real")
    version = current_version("videoscore2", str(STAND_IN))
    enqueue(version, videos)
    options = {"VIDEOSCORE2_DTYPE": "float32", "VIDEOSCORE2_BATCH": "3", "lease_seconds": 5}
    for kill in range(3):
        worker = start_worker(**options)
        wait_until(partial(done_after_a_sweep, done() + 3), seconds=120)
        worker.kill()
        if kill == 1:
            empty_redis()
            let_a_minute_pass()
    assert done() < len(lines)

    start_worker(**options)
    wait_for_all(len(lines), seconds=400)
    assert_one_suggestion_each(len(lines))
