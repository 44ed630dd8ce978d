"""Videos in S3-compatible storage: a real server of that protocol, real clips, real browsers."""

import http.client
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from annotation.models import MediaState
from config.media_storage import storage_origin
from datasets_app.media import remote
from datasets_app.media.prepare import prepare_waiting
from datasets_app.models import DoomedFolder
from datasets_app.takedown.doomed import MEDIA, doom, sweep
from datasets_app.takedown.video import take_down
from tests.browser import make_clip
from tests.make import draw_clip, make_member, make_project, make_user, make_video

BUCKET = "screening-room"
KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    yield "http://{}:{}".format(*started.get_host_and_port())
    started.stop()


@pytest.fixture
def storage(server, settings):
    """An empty bucket that the site sends from; its client."""
    settings.MEDIA_S3_BUCKET, settings.MEDIA_S3_ENDPOINT, settings.MEDIA_S3_REGION = BUCKET, server, "us-east-1"
    settings.MEDIA_S3_ACCESS_KEY, settings.MEDIA_S3_SECRET_KEY = KEY, SECRET
    remote._client.cache_clear()
    client = remote._client()
    client.create_bucket(Bucket=BUCKET)
    yield client
    remote.remove("videos")
    client.delete_bucket(Bucket=BUCKET)
    remote._client.cache_clear()


def names(client) -> set[str]:
    return {found["Key"] for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def ask(user, video, kind="play", method="get"):
    client = Client()
    if user:
        client.force_login(user)
    return getattr(client, method)(reverse("media", args=[video.public_id, kind]))


def fetch(address: str, **headers: str):
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.netloc, timeout=20)
    connection.request("GET", f"{where.path}?{where.query}", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@pytest.mark.django_db
def test_a_member_is_led_to_a_signed_address_that_answers_ranges(storage):
    video = make_clip(make_project(), frames=16)
    call_command("put_media")
    member = make_member(video.project)
    response = ask(member, video)
    assert response.status_code == 302
    assert response["Cache-Control"] == "private, max-age=3000"
    signed = parse_qs(urlsplit(response["Location"]).query)
    assert signed["X-Amz-Expires"] == ["3600"]
    assert signed["response-content-type"] == ["video/mp4"]
    assert signed["X-Amz-Date"][0].startswith(f"{datetime.now(UTC):%Y%m%d}")
    assert SECRET not in response["Location"]
    data = Path(video.original.path).read_bytes()
    status, headers, body = fetch(response["Location"], Range="bytes=100-299")
    assert (status, body) == (206, data[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(data)}"
    assert headers["Content-Type"] == "video/mp4"
    assert fetch(response["Location"])[2] == data
    assert fetch(ask(member, video, "poster")["Location"])[1]["Content-Type"] == "image/jpeg"
    disposition = fetch(ask(member, video, "original")["Location"])[1]["Content-Disposition"]
    assert disposition == f'attachment; filename="{video.name}.mp4"'


@pytest.mark.django_db
def test_nobody_else_gets_an_address(storage):
    video = make_clip(make_project(), frames=8)
    for person in (None, make_user(), make_member(make_project(), "lead")):
        for kind in ("play", "original", "poster", "thumbnails"):
            assert ask(person, video, kind).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_media_worker_puts_what_it_has_made_before_a_video_is_ready(storage, settings):
    project = make_project()
    video = make_video(project, original="videos/ab/x/original.mp4", media_state=MediaState.WAITING, frames=16)
    draw_clip(settings.MEDIA_ROOT / video.original.name)
    (settings.MEDIA_ROOT / video.folder).mkdir(parents=True)
    assert prepare_waiting(project, for_seconds=30) == 1
    video.refresh_from_db()
    assert names(storage) == set(remote.names_of(video))
    assert len(names(storage)) == 4
    assert storage.head_object(Bucket=BUCKET, Key=video.poster.name)["ContentType"] == "image/jpeg"
    assert Path(video.original.path).exists()  # for workers, releases and backups
    assert remote.put_missing() == 0


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_refuses_is_a_reason_and_a_video_stays_out_of_the_queue(storage, settings):
    project = make_project()
    video = make_video(project, original="videos/ab/x/original.mp4", media_state=MediaState.WAITING, frames=16)
    draw_clip(settings.MEDIA_ROOT / video.original.name)
    (settings.MEDIA_ROOT / video.folder).mkdir(parents=True)
    settings.MEDIA_S3_BUCKET = "there-is-none"
    prepare_waiting(project, for_seconds=30)
    video.refresh_from_db()
    assert video.media_state == MediaState.FAILED
    assert "The media storage did not take videos/" in video.media_reason
    assert SECRET not in video.media_reason
    settings.MEDIA_S3_BUCKET = BUCKET


@pytest.mark.django_db
def test_what_is_missing_or_cut_short_is_put_again_and_a_folder_goes_whole(storage):
    first, second = (make_clip(make_project(), frames=frames) for frames in (8, 12))
    call_command("put_media")
    whole = names(storage)
    assert whole == {*remote.names_of(first), *remote.names_of(second)}
    storage.delete_object(Bucket=BUCKET, Key=first.poster.name)
    storage.put_object(Bucket=BUCKET, Key=second.original.name, Body=b"short")
    assert remote.put_missing() == 2
    remote.remove(str(Path(first.original.name).parent))
    assert names(storage) == set(remote.names_of(second))


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_down_goes_from_the_storage_and_is_tried_again_while_it_is_away(storage, settings):
    gone, kept = (make_clip(make_project(), frames=frames) for frames in (8, 12))
    remote.put_missing()
    settings.MEDIA_S3_BUCKET = "there-is-none"
    with transaction.atomic():
        doom(MEDIA, [str(Path(gone.original.name).parent)])
    assert DoomedFolder.objects.count() == 1
    settings.MEDIA_S3_BUCKET = BUCKET
    sweep()
    assert not DoomedFolder.objects.exists()
    assert names(storage) == set(remote.names_of(kept))


@pytest.mark.django_db
def test_a_storage_that_keeps_a_file_by_a_line_of_its_answer_has_not_removed_it(storage, monkeypatch):
    kept = make_clip(make_project())
    remote.put_missing()
    said = {"Errors": [{"Key": kept.original.name, "Code": "AccessDenied", "Message": "Access Denied"}]}
    with monkeypatch.context() as patched:
        patched.setattr(storage, "delete_objects", lambda **asked: said)
        with pytest.raises(remote.StorageError, match="AccessDenied"):
            remote.remove(kept.folder)


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_down_while_it_is_put_does_not_stay_in_the_storage(storage, settings, monkeypatch):
    project = make_project()
    video = make_video(project, media_state=MediaState.WAITING, frames=16)
    video.original.name = f"{video.folder}/original.mp4"
    video.save()
    draw_clip(settings.MEDIA_ROOT / video.original.name)
    real, done = remote.put, []

    def put(files):
        files = list(files)
        take_down(video)
        Path(settings.MEDIA_ROOT, files[0]).parent.mkdir(parents=True)
        for name in files:  # what was opened before is read to its end
            Path(settings.MEDIA_ROOT, name).write_bytes(b"film")
        real(files)
        done.append(names(storage))

    monkeypatch.setattr(remote, "put", put)
    assert prepare_waiting(project, for_seconds=30) == 0
    assert len(done[0]) == 4
    assert names(storage) == set()
    assert not (Path(settings.MEDIA_ROOT) / video.folder).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_taken_down_while_all_that_is_missing_is_put_does_not_stay_either(storage, monkeypatch, when):
    gone, kept = (make_clip(make_project(), frames=frames) for frames in (8, 12))
    real = remote.put

    def put(files):
        files = list(files)
        if when == "after":
            real(files)
        if gone.original.name in files:
            take_down(gone)
            if when == "after":  # the bucket was slow to take what was on its way
                storage.put_object(Bucket=BUCKET, Key=gone.original.name, Body=b"film")
        if when == "before":
            real(files)

    monkeypatch.setattr(remote, "put", put)
    call_command("put_media")
    assert names(storage) == set(remote.names_of(kept))


def test_without_a_bucket_there_is_nothing_to_put(settings):
    settings.MEDIA_S3_BUCKET = ""
    with pytest.raises(CommandError, match="MEDIA_S3_BUCKET"):
        call_command("put_media")


def test_the_policy_names_the_endpoint_and_refuses_what_is_none():
    assert storage_origin("", "", debug=False) == []
    assert storage_origin("x", "https://s3.example.org:9000/path", debug=False) == ["https://s3.example.org:9000"]
    for bad in (
        "",
        "http://s3.example.org",
        "https://*",
        "https://a; script-src *",
        "s3.example.org",
        "https://a@b",
    ):
        with pytest.raises(ImproperlyConfigured, match="MEDIA_S3_ENDPOINT"):
            storage_origin("x", bad, debug=False)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_plays_from_the_storage_that_the_policy_names(storage, server, settings, browse):
    """Without these two entries the browser refuses: the page's own policy holds for where a redirect leads."""
    rules = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    named = {
        name: [*rules[name], *storage_origin(BUCKET, server, debug=True)] for name in ("media-src", "img-src")
    }
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": rules | named}
    video = make_clip(make_project(), frames=24)
    remote.put_missing()
    page = browse(make_member(video.project, "lead"))
    page.goto(reverse("video", args=[video.project.slug, video.public_id]))
    plays = "() => { const v = document.querySelector('video'); return v.error ? 'error' : v.readyState >= 2 && 'plays' }"
    assert page.wait_for_function(plays).json_value() == "plays"
