"""Web workers killed -9 under load: whatever was answered is stored, once, and every seat is right."""

import random
import time

import pytest
from django.core.management import call_command

from annotation.models import Draft, Rating, Seat
from tests.faults.raters import Rater, write_acks
from tests.faults.services import Web
from tests.make import make_project, make_prompt, make_video
from tests.worker import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

RATERS, VIDEOS, OVERLAP, KILLS = 6, 10, 3, 4


def test_workers_killed_under_load_lose_and_double_nothing(tmp_path, settings):
    project = make_project("load", overlap=OVERLAP, prefill_percent=0, blind_percent=100)
    files = {"original": "videos/a/o.mp4", "poster": "videos/a/p.jpg", "thumbnails": "videos/a/t.jpg"}
    for name in files.values():
        (settings.MEDIA_ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.MEDIA_ROOT / name).write_bytes(b"12345")
    prompts = [make_prompt(project) for _ in range(3)]
    for number in range(VIDEOS):
        make_video(project, prompts[number % 3], bytes=5, **files)
    server = Web(tmp_path, "--workers", "2", "--threads", "4")
    raters = [Rater(server.port, project, number) for number in range(RATERS)]
    try:
        wait_until(server.answers, seconds=30)
        for rater in raters:
            rater.start()
        every = VIDEOS * OVERLAP // (KILLS + 1)
        for kill in range(1, KILLS + 1):
            wait_until(
                lambda due=kill * every: _acknowledged(raters) >= due or _all_done(raters), seconds=30, every=0.01
            )
            time.sleep(random.uniform(0, 0.05))  # anywhere within a request
            wait_until(lambda: len(server.workers()) >= 1, seconds=10)
            server.kill_the_busiest()
        for rater in raters:
            rater.join(60)
    finally:
        server.stop()
    assert len(server.killed) == KILLS
    assert sum(rater.broken_off for rater in raters), "no kill fell into a request"
    acknowledged = write_acks(raters, tmp_path / "acks.jsonl")
    assert Rating.objects.live().count() == acknowledged == VIDEOS * OVERLAP
    assert not Rating.objects.filter(extra=True).exists()
    assert not Seat.objects.filter(filled_at=None).exists()
    assert not Draft.objects.exists()
    call_command("verify_invariants", acks=tmp_path / "acks.jsonl")


def _acknowledged(raters) -> int:
    return sum(len(rater.acknowledged) for rater in raters)


def _all_done(raters) -> bool:
    return not any(rater.is_alive() for rater in raters)
