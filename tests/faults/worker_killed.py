"""Scoring workers killed -9 at random points."""

import random
import signal
import time

import psutil

from scoring.jobs import enqueue, retry_failed
from scoring.models import Job
from scoring.versions import current_version
from tests.faults.scoring import all_ended, done, numbered, one_suggestion_each
from tests.faults.site import Site, until
from tests.worker import Worker

DONE = "kill -9 at 20 random points of 400 jobs: by turns of the process that scores, and of the whole worker."
KILLS, JOBS_A_KILL = 20, 20


def run(site: Site) -> str:
    version, working = current_version("patient"), 0
    site.beat()
    worker = site.worker(PATIENT_SECONDS="0.4")
    for kill in range(KILLS):
        videos = site.videos_to_score(numbered(JOBS_A_KILL, first=kill * JOBS_A_KILL))
        enqueue(version, videos)
        until(lambda: Job.objects.filter(state="leased").exists(), "a worker took jobs", seconds=120)
        time.sleep(random.uniform(0, 1.5))
        working += Job.objects.filter(state="leased").exists()
        if kill % 2:
            worker.kill()
            worker = site.worker(PATIENT_SECONDS="0.4")
        else:
            kill_scoring_process(worker)
    half_way = done()
    until(all_ended, "all jobs ended", seconds=240)
    # Whoever was hit three times has failed with its reason, and is asked once more as a lead would.
    unlucky = retry_failed(version, videos[0].project)
    until(all_ended, "all jobs ended", seconds=120)
    one_suggestion_each(KILLS * JOBS_A_KILL)
    again = Job.objects.filter(attempts__gt=1).count()
    return (
        f"{working} kills fell into work; {half_way} were done after the last; {KILLS * JOBS_A_KILL} done in the end, "
        f"one suggestion each, {again} at a second or third attempt, {unlucky} hit three times and retried by hand."
    )


def kill_scoring_process(worker: Worker) -> None:
    """As the kernel does where memory runs out; Celery starts another."""
    for child in psutil.Process(worker.process.pid).children():
        child.send_signal(signal.SIGKILL)
