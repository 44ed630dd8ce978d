"""Statements written once give what Django would, for other values too; parts rendered once hold nobody's words."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.core.signals import request_started
from django.db import connection
from django.db.models.functions import Now
from django.template import engines
from django.utils import timezone, translation

from annotation.models import Draft, Membership, Seat, Verdict, Video
from annotation.prepared import (
    Prepared,
    PreparedChange,
    PreparedModels,
    PreparedWrite,
    changing,
    deleting,
    insert,
    upsert,
)
from annotation.scale import DIMENSION_KEYS
from tests.make import make_member, make_project, make_video

FOURS = dict.fromkeys([*DIMENSION_KEYS, *(f"{key}_exact" for key in DIMENSION_KEYS)], 4)
pytestmark = [pytest.mark.django_db, pytest.mark.portability]


def test_records_come_with_what_is_selected_beside_them_and_with_their_own_types():
    read = PreparedModels(lambda public_id, name: Video.objects.select_related("project", "prompt").filter(
        public_id=public_id, name=name
    ))  # fmt: skip
    videos = [make_video(make_project(), metadata={"seed": n}, warnings=["slow"]) for n in range(2)]
    for video in videos:
        (found,) = read(video.public_id, video.name)
        assert found == video
        assert {field.attname: getattr(found, field.attname) for field in Video._meta.fields} == {
            field.attname: getattr(Video.objects.get(pk=video.pk), field.attname) for field in Video._meta.fields
        }
        assert (found.project, found.prompt, found._state.adding) == (video.project, video.prompt, False)
    assert read.first(uuid4(), videos[0].name) is None
    assert read.first(videos[0].public_id, "' OR 1=1 --") is None


def test_a_null_beside_a_record_stays_none():
    project = make_project()
    video, rater = make_video(project), make_member(project)
    Draft.objects.create(video=video, rater=rater, arm="blind")
    read = PreparedModels(lambda pk: Draft.objects.filter(video=pk).select_related("suggestion__scorer_version"))
    assert read(video.pk)[0].suggestion is None


def test_a_change_and_a_removal_touch_the_rows_they_are_about_and_count_them():
    project = make_project(overlap=2)
    rater, video, other = make_member(project), make_video(project), make_video(project)
    lease = PreparedWrite(
        lambda pk, rater_pk, span: changing(
            Seat.objects.filter(video=pk, number=1), holder=rater_pk, leased_until=Now() + span
        )
    )
    assert lease(video.pk, rater.pk, timedelta(minutes=7)) == 1
    assert lease(0, rater.pk, timedelta(minutes=7)) == 0
    (seat,) = Seat.objects.filter(holder=rater)
    assert (seat.video, seat.number) == (video, 1)
    assert timedelta(minutes=6) < seat.leased_until - timezone.now() < timedelta(minutes=8)
    forget = PreparedWrite(lambda pk: deleting(Seat.objects.filter(video=pk)))
    assert (forget(video.pk), forget(video.pk)) == (2, 0)
    assert set(Seat.objects.values_list("video", flat=True)) == {other.pk}


def test_a_change_gives_the_records_as_they_are_now_and_a_removal_as_they_were():
    project = make_project(overlap=2)
    rater, video = make_member(project), make_video(project)
    lease = PreparedChange(
        lambda pk, rater_pk, span: changing(
            Seat.objects.filter(video=pk, number=2), holder=rater_pk, leased_until=Now() + span
        )
    )
    leased = lease(video.pk, rater.pk, timedelta(minutes=7))
    assert {(seat.pk, seat.holder, seat.leased_until) for seat in leased} == {
        (seat.pk, rater, seat.leased_until) for seat in Seat.objects.filter(video=video, number=2)
    }
    free = PreparedChange(lambda rater_pk: deleting(Seat.objects.filter(holder=rater_pk)))
    gone = free.first(rater.pk)
    assert (gone.video, gone.leased_until, gone.holder) == (video, leased[0].leased_until, rater)
    assert free.first(rater.pk) is None
    assert Seat.objects.get(video=video).number == 1


def test_an_inserted_record_is_the_one_that_save_would_store():
    project = make_project()
    video, rater = make_video(project), make_member(project)
    draft = Draft(video=video, rater=rater, arm="reveal", visual_quality=2, visual_quality_reason="100 % 'sharp'")
    insert(draft)
    stored = Draft.objects.get()
    assert {field.attname: getattr(stored, field.attname) for field in Draft._meta.fields} == {
        field.attname: getattr(draft, field.attname) for field in Draft._meta.fields
    }
    draft.revision = 1
    draft.save()  # knows that it is there
    assert Draft.objects.get().revision == 1


def test_records_inserted_at_once_are_each_stored_and_know_their_keys():
    project = make_project(overlap=1)
    videos = [make_video(project) for _ in range(2)]
    seats = [Seat(video=video, number=number, filled_at=timezone.now()) for video in videos for number in (2, 3)]
    insert(*seats)
    insert()
    stored = Seat.objects.exclude(number=1).order_by("pk")
    assert [(seat.pk, seat.video_id, seat.number, seat.filled_at) for seat in stored] == [
        (seat.pk, seat.video_id, seat.number, seat.filled_at) for seat in seats
    ]


@pytest.mark.parametrize("count", [2, 30])
def test_records_take_the_place_of_what_is_there_of_the_same_video(count):
    project = make_project()
    videos = [make_video(project) for _ in range(count)]
    first = [Verdict(video=video, policy="median", **FOURS) for video in videos]
    upsert(*first, by="video", columns=("policy", "text_alignment"))
    again = [Verdict(video=video, policy="single", **(FOURS | {"text_alignment": 1})) for video in videos]
    upsert(*again, by="video", columns=("policy", "text_alignment"))
    assert [one.pk for one in again] == [one.pk for one in first]
    stored = Verdict.objects.order_by("video").values_list("pk", "video", "policy", *DIMENSION_KEYS)
    assert list(stored) == [
        (one.pk, video.pk, "single", 4, 1, 4) for one, video in zip(first, videos, strict=True)
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_between_two_requests_is_made_anew():
    read = Prepared(lambda pk: Membership.objects.filter(user=pk).values_list("role"))
    member = make_member(make_project())
    ended = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as another:
        another.execute("SELECT pg_terminate_backend(%s, 10000)", [ended])
    request_started.send(sender=None)
    assert read(member.pk) == [("rater",)]
    kept = connection.connection.info.backend_pid
    request_started.send(sender=None)
    assert (read(member.pk), kept != ended) == ([("rater",)], True)
    assert connection.connection.info.backend_pid == kept


def test_numbers_of_all_sizes_fit_one_statement():
    read = Prepared(lambda pk: Membership.objects.filter(user=pk).values_list("role"))
    member = make_member(make_project())
    assert [read(number) for number in (1_000_000_000_000, 70_000, 0)] == [[], [], []]
    assert read(member.pk) == [("rater",)]


def test_a_value_that_is_reckoned_with_before_the_statement_is_written_is_refused():
    since = Prepared(
        lambda moment: Video.objects.filter(created_at__gt=moment - timedelta(days=1)).values_list("pk")
    )
    named = Prepared(lambda name: Video.objects.filter(name__contains=name).values_list("pk"))
    for read, value in ((since, timezone.now()), (named, "v")):
        with pytest.raises(TypeError, match="do not stand in the statement"):
            read(value)


def test_what_is_rendered_once_is_so_in_each_language_and_sees_only_its_values():
    template = engines["django"].from_string(
        "{% load once i18n %}{% once score=score %}{{ score }} {{ name }}{% translate 'Monday' %}{% endonce %}"
    )
    assert template.render({"score": "<4>", "name": "Vera"}) == "&lt;4&gt; Monday"
    assert template.render({"score": 5, "name": "Ivan"}) == "5 Monday"
    with translation.override("de"):
        assert template.render({"score": 5, "name": "Ivan"}) == "5 Montag"
