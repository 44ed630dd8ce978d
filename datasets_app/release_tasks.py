"""Doorbells of releases. Their limits stay below the broker's visibility timeout of an hour."""

from celery import shared_task

from annotation.doorbell import ring
from datasets_app.build_release import build_release, take_back_lost_builds


@shared_task(acks_late=True, soft_time_limit=3_300, time_limit=3_400)
def build_release_task(release_id: int) -> None:
    build_release(release_id)


@shared_task(acks_late=True, soft_time_limit=25, time_limit=30)
def sweep_releases_task() -> None:
    for release_id in take_back_lost_builds():
        ring(build_release_task, release_id)
