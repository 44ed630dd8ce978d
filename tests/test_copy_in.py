"""Rows that are copied in are those that `bulk_create` would make."""

import pytest
from django.db import IntegrityError, transaction

from annotation.copy_in import copy_in
from annotation.models import MediaState, Suggestion, Video
from annotation.room.seats import make_first_seats, make_seats
from tests.make import make_project, make_prompt, make_scorer_version, make_video

pytestmark = [pytest.mark.django_db, pytest.mark.portability]

ODD = "tab\t, line\nbreak\r, back\\slash \\N, NULL, 'quotes\" and 视频 \u2028"


def videos_of(project) -> list[Video]:
    """Unsaved videos with odd texts, every kind of field, and empty ones."""
    like = make_video(project, "like")
    facts = {"prompt": make_prompt(project, ODD), "t2v_model": like.t2v_model, "project": project}
    return [
        Video(
            name=f"{number} {ODD}", sha256=f"{number:064}", original=f"videos/{number}.mp4", source_url=ODD,
            metadata={"a": [1, None, {"b": ODD}]}, warnings=[ODD], bytes=2**40, fps=23.976, seconds=1e-7, width=64,
            media_state=MediaState.WAITING if number else MediaState.MISSING, media_lease=like.public_id, **facts,
        )
        for number in range(3)
    ]  # fmt: skip


def stored(videos: list[Video]) -> list[dict]:
    rows = Video.objects.filter(pk__in=[video.pk for video in videos]).order_by("pk").values()
    return [
        {key: value for key, value in row.items() if key not in ("id", "public_id", "created_at", "project_id", "prompt_id", "t2v_model_id", "media_lease")}
        for row in rows
    ]  # fmt: skip


def test_every_field_is_stored_as_it_would_be_by_insert():
    copied, inserted = videos_of(make_project()), videos_of(make_project())
    copy_in(copied)
    Video.objects.bulk_create(inserted)
    assert stored(copied) == stored(inserted)
    first = Video.objects.get(pk=copied[0].pk)
    assert (first.public_id, first.media_lease, first.prompt.text) == (
        copied[0].public_id,
        copied[0].media_lease,
        ODD,
    )
    assert first.created_at is not None
    copied[0].name = "saved again"
    copied[0].save()
    assert Video.objects.get(pk=copied[0].pk).name == "saved again"


def test_nulls_and_the_numbers_after_them():
    project, version = make_project(), make_scorer_version()
    videos = [make_video(project) for _ in range(2)]
    said = [Suggestion(video=videos[0], scorer_version=version, status="partial", visual_quality=3)]
    copy_in(said)
    copy_in([])
    kept = Suggestion.objects.get(pk=said[0].pk)
    assert (kept.visual_quality, kept.text_alignment, kept.saw, kept.seconds) == (3, None, None, None)
    later = Suggestion.objects.create(video=videos[1], scorer_version=version, status="partial")
    assert later.pk > kept.pk


def test_what_is_there_already_is_an_error():
    project, version = make_project(), make_scorer_version()
    video = make_video(project)
    said = [Suggestion(video=video, scorer_version=version, status="partial") for _ in range(2)]
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_in(said)
    assert not Suggestion.objects.exists()


def test_first_seats_are_those_that_were_wanted():
    project = make_project(overlap=3)
    videos = videos_of(project)
    copy_in(videos)
    make_first_seats(project, videos)
    for video in videos:
        assert list(video.seats.order_by("number").values_list("number", "holder", "filled_at")) == [
            (number, None, None) for number in (1, 2, 3)
        ]
    make_seats(project, videos)
    assert sum(video.seats.count() for video in videos) == 9
