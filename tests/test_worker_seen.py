"""Where no worker is there, the pages of what waits for it say so; while one works, it says that it is there."""

import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from annotation.models import MediaState
from datasets_app.intake.run_import import start_import
from datasets_app.models import Import, ImportState, Release, ReleaseState, WorkerSeen
from datasets_app.signs_of_life import say_here
from datasets_app.tasks import sweep_media_task
from tests.make import make_member, make_project, make_video
from tests.worker import Worker, wait_until

pytestmark = pytest.mark.django_db

SAID = "No worker was seen lately"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def says_so(client, project):
    """Whether a page of the project tells its lead that nobody works."""
    client.force_login(make_member(project, "lead"))
    return lambda name, *more: SAID in client.get(reverse(name, args=[project.slug, *more])).content.decode()


def fall_silent() -> None:
    WorkerSeen.objects.update(seen_at=timezone.now() - timedelta(minutes=3))


def test_an_import_that_stands_still_says_that_nobody_works(project, says_so):
    run = start_import(project, make_member(project, "lead"), SimpleUploadedFile("study.jsonl", b"{}"), [])
    pages = [("project-import",), ("project-import-run", run.public_id)]
    assert [says_so(*page) for page in pages] == [True, True]
    say_here()
    assert [says_so(*page) for page in pages] == [False, False]
    fall_silent()
    assert [says_so(*page) for page in pages] == [True, True]
    Import.objects.update(state=ImportState.DONE)
    assert [says_so(*page) for page in pages] == [False, False]


def test_an_import_by_command_waits_for_no_worker(project, says_so):
    run = Import.objects.create(project=project, manifest_name="study.jsonl", root="/data/clips")
    assert not says_so("project-import-run", run.public_id)


def test_videos_that_nobody_prepares_are_said_too(project, says_so):
    run = Import.objects.create(project=project, manifest_name="study.jsonl", state=ImportState.DONE)
    make_video(project, media_state=MediaState.WAITING)
    assert says_so("project-import")
    assert says_so("project-import-run", run.public_id)
    say_here()
    assert not says_so("project-import")
    assert not says_so("project-import-run", run.public_id)


def test_a_release_that_nobody_builds_says_so(project, says_so):
    release = Release.objects.create(project=project, number=1, settings={"formats": ["sft"]})
    assert says_so("project-releases")
    assert says_so("release-row", 1)
    say_here()
    assert not says_so("release-row", 1)
    fall_silent()
    release.state = ReleaseState.DELETED
    release.save()
    assert not says_so("project-releases")


@pytest.mark.worker
@pytest.mark.parametrize(("queues", "seen"), [("media,scoring.technical", 1), ("scoring.videoscore2", 0)])
@pytest.mark.django_db(transaction=True)
def test_a_worker_of_the_queue_is_seen_before_it_has_anything_to_do(tmp_path, queues, seen):
    worker = Worker(tmp_path, processes=2, queues=queues)
    try:
        wait_until(lambda: worker.ready(), seconds=60)
        if seen:
            wait_until(lambda: WorkerSeen.objects.lately().exists(), seconds=20)
        else:
            time.sleep(2)
        assert WorkerSeen.objects.count() == seen
    finally:
        worker.kill()


def test_who_fell_silent_is_forgotten_after_a_day():
    WorkerSeen.objects.create(worker="gone:1", seen_at=timezone.now() - timedelta(hours=23))
    sweep_media_task()
    assert WorkerSeen.objects.filter(worker="gone:1").exists()
    WorkerSeen.objects.filter(worker="gone:1").update(seen_at=timezone.now() - timedelta(hours=25))
    sweep_media_task()
    assert not WorkerSeen.objects.filter(worker="gone:1").exists()
