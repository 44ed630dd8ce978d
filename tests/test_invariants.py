"""`verify_invariants`: silent on a sound installation, and each promise named with its rows once it is broken."""

import json
import os
import time
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from annotation.models import Draft, Rating, Seat, Video
from annotation.room.queue import lease_next
from annotation.room.submit import submit, take_back
from datasets_app.models import Release
from datasets_app.releases.release_manifest import FileFacts, hash_file, write_manifest
from scoring.models import Job
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def video(settings):
    """A video with its files, rated by one rater, taken back and rated again."""
    project = make_project(slug="study", overlap=2)
    video = make_video(
        project,
        original="videos/ab/x/original.mp4",
        poster="videos/ab/x/poster.jpg",
        thumbnails="videos/ab/x/thumbnails.jpg",
        bytes=5,
    )
    for name in (video.original.name, video.poster.name, video.thumbnails.name):
        write(settings.MEDIA_ROOT / name, b"12345")
    rater = make_member(project, username="rater")
    lease_next(project, rater)
    for _ in range(2):
        draft = Draft.objects.get()
        submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=draft.submit_key)
        if Rating.objects.count() == 1:
            take_back(video=video, rater=rater)
    return video


def write(path, content: bytes, *, age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))


def verify(**options) -> dict[str, str]:
    """The broken promises: name -> the line printed."""
    out = StringIO()
    broken = []
    try:
        call_command("verify_invariants", stdout=out, **options)
    except CommandError as error:
        broken = str(error).removeprefix("Broken: ").removesuffix(".").split(", ")
    lines = {line[:2]: line for line in out.getvalue().splitlines()}
    assert sorted(name for name, line in lines.items() if "BROKEN" in line) == broken
    assert list(lines) == [f"I{n}" for n in range(1 if "acks" in options else 2, 9)]
    return {name: lines[name] for name in broken}


def test_a_sound_installation_breaks_nothing(video):
    assert verify() == {}


def test_i1_names_acknowledged_ratings_that_changed_or_are_gone(video, tmp_path, client):
    other = make_member(video.project)
    client.force_login(other)
    draft = client.get("/p/study/rate/").context["screening"].draft
    response = client.post(f"/p/study/rate/{video.public_id}/submit/", sent(draft), headers=JSON)
    log = tmp_path / "acks.jsonl"
    log.write_bytes(response.content + b"\n")
    assert verify(acks=log) == {}
    rating = Rating.objects.get(rater=other)
    Rating.objects.filter(pk=rating.pk).update(visual_quality=1, text_alignment_reason="changed")
    assert (
        f"line 1: rating {rating.pk} visual_quality differs, text_alignment_reason differs"
        in verify(acks=log)["I1"]
    )
    log.write_text(
        "\n".join(
            [
                json.dumps({"rating": 999}),
                "no json",
                json.dumps({"rating": rating.pk, "submit_key": str(uuid.uuid4())}),
                json.dumps({"rating": rating.pk, "submit_key": "no key"}),
            ]
        )
    )
    with log.open("ab") as file:
        file.write(b"\n\xd0\xff")
    line = verify(acks=log)["I1"]
    assert "line 1: rating 999 is not stored" in line
    assert "line 2 is no acknowledgement" in line
    assert f"line 3: rating {rating.pk} submit_key differs" in line
    assert "line 4 is no acknowledgement" in line
    assert "line 5 is no acknowledgement" in line


def test_a_missing_log_is_refused(tmp_path):
    with pytest.raises(CommandError, match="is not a file that can be read"):
        call_command("verify_invariants", acks=tmp_path / "none")


def test_i2_names_a_second_live_rating(video):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_live_rating_per_video_rater_and_purpose")
    Rating.objects.update(live=True, withdrawn_at=None)
    assert "rater" in verify()["I2"]
    assert f"video {video.pk}" in verify()["I2"]


@pytest.mark.parametrize(
    "how", ["uncounted work", "rating without a seat", "seat without a rating", "free seat too many"]
)
def test_i3_names_videos_whose_seats_and_ratings_differ(video, how):
    rating = Rating.objects.live().get()
    if how == "uncounted work":
        Rating.objects.filter(pk=rating.pk).update(extra=True)
    elif how == "rating without a seat":
        Rating.objects.create(video=video, rater=make_member(video.project), arm="blind", **answers().columns)
    elif how == "seat without a rating":
        video.seats.filter(filled_at=None).update(filled_at=Now())
    else:
        Seat.objects.create(video=video, number=3)
    broken = verify()
    assert list(broken) == ["I3"]
    assert f"video {video.pk}: " in broken["I3"]


@pytest.mark.parametrize("how", ["gap", "old one live", "nothing live", "first version missing"])
def test_i4_names_broken_histories(video, how):
    first, second = Rating.objects.order_by("version")
    if how == "gap":
        Rating.objects.filter(pk=second.pk).update(version=3)
    elif how == "old one live":
        Rating.objects.filter(pk=second.pk).update(live=False)
        Rating.objects.filter(pk=first.pk).update(live=True, withdrawn_at=None)
    elif how == "nothing live":
        Rating.objects.filter(pk=second.pk).update(live=False)
        Seat.objects.update(holder=None, filled_at=None)
    else:
        Rating.objects.filter(pk=first.pk).delete()
    broken = verify()
    assert list(broken) == ["I4"]
    assert f"video {video.pk}, rater {second.rater_id}, main" in broken["I4"]


@pytest.mark.parametrize("seconds", [30, 61])
def test_i5_names_leases_past_their_end_and_one_sweep(video, seconds):
    past = Now() - timedelta(seconds=seconds)
    Job.objects.create(
        video=video, scorer_version=make_scorer_version(), state="leased", lease=uuid.uuid4(), leased_until=past
    )
    Video.objects.update(media_lease=uuid.uuid4(), media_leased_until=past)
    broken = verify()
    assert bool(broken) == (seconds > 60)
    if broken:
        assert f"job {Job.objects.get().pk}: leased until" in broken["I5"]
        assert f"video {video.pk}: leased until" in broken["I5"]


def test_i6_names_jobs_that_are_done_without_an_answer(video):
    version = make_scorer_version()
    job = Job.objects.create(video=video, scorer_version=version, state="done")
    assert verify()["I6"].endswith(f"job {job.pk} (done): done without a suggestion")
    make_suggestion(video, version)
    assert verify() == {}


def test_i7_names_the_file_of_a_release_that_changed(video):
    release = Release.objects.create(project=video.project, number=1, format="records", state="done")
    write(release.folder / "records.jsonl", b'{"a": 1}\n')
    write_manifest(
        release.folder,
        {"format": "records"},
        [FileFacts("records.jsonl", *hash_file(release.folder / "records.jsonl"))],
    )
    assert verify() == {}
    write(release.folder / "records.jsonl", b'{"a": 2}\n')
    assert "records.jsonl differs from its sha256" in verify()["I7"]
    (release.folder / "records.jsonl").unlink()
    assert "records.jsonl is missing" in verify()["I7"]


def test_i8_names_missing_truncated_and_stray_files(video, settings):
    root = settings.MEDIA_ROOT
    (root / video.poster.name).unlink()
    write(root / video.original.name, b"123")
    write(root / "videos/cd/y/original.mp4", b"1", age=7200)
    write(root / "videos/cd/z/original.mp4", b"1")
    line = verify()["I8"]
    assert f"video {video.pk}: original has 3 bytes, not 5" in line
    assert f"video {video.pk}: poster videos/ab/x/poster.jpg is missing" in line
    assert "videos/cd/y/original.mp4: no row names it" in line
    assert "videos/cd/z" not in line


def test_only_the_first_rows_are_named_and_the_rest_counted(video):
    for _ in range(13):
        make_video(video.project, media_state="missing")
    Seat.objects.bulk_create(Seat(video=video, number=9) for video in Video.objects.filter(media_state="missing"))
    assert "; and 3 more" in verify()["I3"]
