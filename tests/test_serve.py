"""Who gets a video's bytes, which of them, and with what headers."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Membership
from datasets_app.media.byte_ranges import CHUNK_BYTES, Unsatisfiable, read_range
from tests.browser import make_clip
from tests.make import make_member, make_project, make_user, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def video():
    return make_clip(make_project(), frames=24)


@pytest.fixture
def rater(video):
    return make_member(video.project)


def get(user, video, kind="play", method="get", **headers):
    client = Client()
    if user:
        client.force_login(user)
    return getattr(client, method)(reverse("media", args=[video.public_id, kind]), headers=headers)


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_members_get_the_whole_file(video, rater):
    response = get(rater, video)
    data = Path(video.original.path).read_bytes()
    assert response.status_code == 200
    assert body(response) == data
    assert response["Content-Length"] == str(len(data))
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("kind", ["play", "original", "poster", "thumbnails"])
def test_nobody_else_gets_anything(video, kind):
    revoked = make_member(video.project)
    assert get(revoked, video, kind).status_code == 200
    Membership.objects.filter(user=revoked).delete()
    for person in (None, make_user(), make_member(make_project(), "lead"), revoked):
        assert get(person, video, kind).status_code == 404
        assert get(person, video, kind, method="head").status_code == 404
        assert get(person, video, kind, range="bytes=0-9").status_code == 404


def test_what_is_not_there_is_a_404(video, rater):
    assert get(rater, video, "secrets").status_code == 404
    missing = make_video(video.project, original="", sha256="", media_state="missing")
    assert get(rater, missing).status_code == 404
    gone = make_video(video.project, original="videos/none.mp4")
    assert get(rater, gone).status_code == 404
    outside = make_video(video.project, original="../../etc/passwd")
    assert get(rater, outside).status_code == 400  # refused, and logged as suspicious


def test_headers_let_the_bytes_do_nothing_but_play(video, rater):
    for kind, content_type in (("play", "video/mp4"), ("original", "video/mp4"), ("poster", "image/jpeg")):
        response = get(rater, video, kind)
        assert response["Content-Type"] == content_type
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response["Cache-Control"].startswith("private")
    video.name = 'a "name"\r\nX-Evil: 1'
    video.save()
    disposition = get(rater, video, "original")["Content-Disposition"]
    assert disposition.startswith("attachment")
    assert "\n" not in disposition


def test_the_type_is_our_finding_and_never_the_files_name(rater, video):
    video.container = "unheard-of"
    video.save()
    assert get(rater, video)["Content-Type"] == "application/octet-stream"


def test_a_rendition_is_played_and_the_original_kept(video, rater):
    video.rendition = video.poster.name
    video.save()
    assert body(get(rater, video, "play")) == Path(video.poster.path).read_bytes()
    assert body(get(rater, video, "original")) == Path(video.original.path).read_bytes()


@pytest.mark.parametrize(
    ("header", "first", "length"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, 50),
        ("bytes=5-5", 5, 1),
        ("Bytes=0-999999999", 0, None),
    ],
)
def test_a_range_is_answered_with_206(video, rater, header, first, length):
    data = Path(video.original.path).read_bytes()
    first = first % len(data)
    length = length or len(data) - first
    response = get(rater, video, range=header)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{first + length - 1}/{len(data)}"
    assert response["Content-Length"] == str(length)
    assert body(response) == data[first : first + length]


@pytest.mark.parametrize("header", ["bytes=999999999-", "bytes=-0"])
def test_a_range_without_a_byte_of_the_file_is_416(video, rater, header):
    response = get(rater, video, range=header)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{video.bytes}"


@pytest.mark.parametrize(
    "header", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "bytes=a-b", "lines=0-1", "", "bytes=" + "9" * 40 + "-"]
)
def test_what_is_no_single_range_gets_the_whole_file(video, rater, header):
    assert get(rater, video, range=header).status_code == 200


def test_head_names_the_length_and_sends_nothing(video, rater):
    response = get(rater, video, method="head", range="bytes=0-9")
    assert response.status_code == 200
    assert response["Content-Length"] == str(video.bytes)
    assert response.content == b""
    assert get(rater, video, method="post").status_code == 405


def test_an_unchanged_file_is_not_sent_again(video, rater):
    etag = get(rater, video)["ETag"]
    unchanged = get(rater, video, if_none_match=etag)
    assert (unchanged.status_code, unchanged["Content-Length"]) == (304, str(video.bytes))
    assert get(rater, video, if_none_match=f'"other", W/{etag}').status_code == 304
    assert get(rater, video, if_none_match='"other"').status_code == 200
    assert get(rater, video, range="bytes=0-9", if_range=etag).status_code == 206
    assert get(rater, video, range="bytes=0-9", if_range='"other"').status_code == 200


def test_the_web_server_in_front_may_do_the_sending(video, rater, settings):
    settings.MEDIA_ACCEL_REDIRECT = "/protected/"
    response = get(rater, video, range="bytes=0-9")
    assert response["X-Accel-Redirect"] == f"/protected/{video.original.name}"
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.content == b""
    assert get(make_user(), video).status_code == 404
    video.original = "videos/a b%20\u00e9.mp4"
    (settings.MEDIA_ROOT / video.original.name).write_bytes(b"x")
    video.save()
    assert get(rater, video)["X-Accel-Redirect"] == "/protected/videos/a%20b%2520%C3%A9.mp4"


def test_a_large_file_is_sent_in_chunks(video, rater):
    with open(video.original.path, "ab") as file:
        file.truncate(3 * CHUNK_BYTES + 5)
    sizes = [len(chunk) for chunk in get(rater, video).streaming_content]
    assert sizes == [CHUNK_BYTES] * 3 + [5]


def test_an_empty_file_has_no_range():
    with pytest.raises(Unsatisfiable):
        read_range("bytes=0-", 0)
    assert read_range("bytes=0-3,7-9", 100) is None


def test_a_request_costs_three_queries(video, rater, django_assert_max_num_queries):
    client = Client()
    client.force_login(rater)
    with django_assert_max_num_queries(3):
        body(client.get(reverse("media", args=[video.public_id, "play"])))
