"""The queue: overlap and leases exact, prompts together, nothing twice."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import Draft, Order, Project, Prompt, Rating, Seat, Skip
from annotation.room import progress
from annotation.room.progress import videos_ahead
from annotation.room.queue import lease_next, lease_on, open_videos
from annotation.room.ranking import rank_prompts
from annotation.room.seats import make_seats
from tests.make import (
    make_member,
    make_project,
    make_prompt,
    make_rating,
    make_scorer_version,
    make_suggestion,
    make_video,
)
from tests.rating import in_threads

pytestmark = pytest.mark.django_db


def expire(seat):
    Seat.objects.filter(pk=seat.pk).update(leased_until=Now() - timedelta(seconds=1))


def finish(seat, rater):
    """What a submit leaves of a seat, without the rating's other parts."""
    Seat.objects.filter(pk=seat.pk).update(holder=rater, leased_until=None, filled_at=timezone.now())
    Draft.objects.filter(video=seat.video, rater=rater).delete()
    Rating.objects.create(
        video=seat.video, rater=rater, arm="blind", visual_quality=3, text_alignment=3, physical_consistency=3
    )


def rate_all(project, rater):
    """Lease and finish until nothing is left; the videos in the order they came."""
    videos = []
    while seat := lease_next(project, rater):
        videos.append(seat.video)
        finish(seat, rater)
    return videos


def test_a_rater_gets_every_watchable_video_once_and_then_nothing():
    project = make_project(overlap=2)
    ready = {make_video(project).pk for _ in range(5)}
    for state in ("waiting", "failed", "missing"):
        make_video(project, media_state=state)
    make_video(make_project())
    assert sorted(video.pk for video in rate_all(project, make_member(project))) == sorted(ready)


def test_the_same_seat_comes_back_until_it_is_done():
    project = make_project()
    rater = make_member(project)
    for _ in range(3):
        make_video(project)
    assert lease_next(project, rater) == lease_next(project, rater)
    assert Seat.objects.held_by(rater).count() == 1


def test_the_next_seat_is_another_one_and_stays_the_same_on_asking_again():
    project = make_project()
    rater = make_member(project)
    for _ in range(3):
        make_video(project)
    first = lease_next(project, rater)
    second = lease_next(project, rater, after=first.video)
    assert second.video != first.video
    assert lease_next(project, rater, after=first.video) == second
    Draft.objects.filter(video=first.video).update(opened_at=Now())
    assert lease_next(project, rater) == first


def test_two_raters_never_share_a_seat_nor_one_rater_two_seats_of_a_video():
    project = make_project(overlap=2)
    make_video(project)
    raters = [make_member(project) for _ in range(3)]
    seats = [lease_next(project, rater) for rater in raters]
    assert {seat.number for seat in seats[:2]} == {1, 2}
    assert seats[2] is None
    assert lease_next(project, raters[0], after=seats[0].video) is None


def test_an_expired_lease_is_taken_over_and_the_late_holder_keeps_the_draft():
    project = make_project()
    video = make_video(project)
    slow, quick = make_member(project), make_member(project)
    seat = lease_next(project, slow)
    assert lease_next(project, quick) is None
    expire(seat)
    assert lease_next(project, quick).pk == seat.pk
    assert lease_next(project, slow) is None
    assert lease_on(video, slow) is None
    assert Draft.objects.filter(video=video, rater=slow).exists()


def test_an_expired_lease_that_nobody_took_is_simply_continued():
    project = make_project(lease_minutes=5)
    rater = make_member(project)
    make_video(project)
    seat = lease_next(project, rater)
    expire(seat)
    again = lease_next(project, rater)
    assert again.pk == seat.pk
    assert timedelta(minutes=4) < again.leased_until - timezone.now() <= timedelta(minutes=5, seconds=1)


def test_a_lease_that_was_lost_moves_to_another_free_seat_of_the_video():
    project = make_project(overlap=2)
    video = make_video(project)
    slow, quick = make_member(project), make_member(project)
    seat = lease_next(project, slow)
    expire(seat)
    Seat.objects.filter(pk=seat.pk).update(holder=quick, leased_until=Now() + timedelta(minutes=5))
    assert lease_on(video, slow).number != seat.number


def test_a_skipped_video_is_not_offered_again():
    project = make_project()
    rater = make_member(project)
    skipped, other = make_video(project), make_video(project)
    Skip.objects.create(video=skipped, rater=rater, reason="black frames")
    assert rate_all(project, rater) == [other]


def test_videos_of_a_prompt_come_together_in_an_order_of_each_raters_own():
    project = make_project(overlap=8)
    prompts = [make_prompt(project, position=position) for position in (2, 1, 3)]
    for prompt in prompts:
        for _ in range(6):
            make_video(project, prompt)
    orders = [rate_all(project, make_member(project)) for _ in range(6)]
    for videos in orders:
        assert [video.prompt for video in videos[::6]] == [prompts[1], prompts[0], prompts[2]]
        assert len({video.prompt_id for video in videos[:6]}) == 1
    assert len({tuple(video.pk for video in videos[:6]) for videos in orders}) > 1


def test_a_rater_stays_with_the_prompt_at_hand_when_a_better_one_appears():
    project = make_project()
    rater = make_member(project)
    low = make_prompt(project, position=5)
    videos = {make_video(project, low), make_video(project, low)}
    first = lease_next(project, rater)
    make_video(project, make_prompt(project, position=1, priority=9.0))
    assert {first.video, lease_next(project, rater, after=first.video).video} == videos


def test_a_prompts_videos_are_not_looked_for_in_the_whole_project():
    project = make_project()
    video = make_video(project)
    assert "video_by_media_state" not in open_videos(make_member(project), video.prompt_id).explain()


def test_least_certain_prompts_come_first():
    project = make_project(order=Order.UNCERTAINTY, suggester=make_scorer_version())
    sure, unsure, unknown = (make_prompt(project, position=n) for n in (1, 2, 3))
    for prompt, confidence in ((sure, 0.9), (unsure, 0.4)):
        suggestion = make_suggestion(make_video(project, prompt))
        suggestion.distributions.create(
            dimension="visual_quality",
            soft_score=3,
            expected_score=3,
            confidence=confidence,
            p1=0,
            p2=0,
            p3=1,
            p4=0,
            p5=0,
        )
    make_video(project, unknown)
    rank_prompts(project)
    ranked = list(Prompt.objects.order_by("-priority", "position"))
    assert ranked == [unsure, sure, unknown]
    assert [round(prompt.priority, 6) for prompt in ranked] == [0.6, 0.1, 0.0]


def test_most_disputed_prompts_come_first_and_random_forgets_all_ranks():
    project = make_project(order=Order.DISAGREEMENT, overlap=2)
    calm, disputed = make_prompt(project, position=1), make_prompt(project, position=2)
    for prompt, scores in ((calm, (3, 3)), (disputed, (1, 4))):
        video = make_video(project, prompt)
        for score in scores:
            Rating.objects.create(
                video=video,
                rater=make_member(project),
                arm="blind",
                visual_quality=score,
                text_alignment=3,
                physical_consistency=3,
            )
    rank_prompts(project)
    assert dict(Prompt.objects.values_list("pk", "priority")) == {calm.pk: 0.0, disputed.pk: 3.0}
    project.order = Order.RANDOM
    rank_prompts(project)
    assert set(Prompt.objects.values_list("priority", flat=True)) == {0.0}


def test_seats_follow_the_overlap_and_only_free_ones_go():
    project = make_project(overlap=3)
    raters = [make_member(project) for _ in range(2)]
    worked, untouched = make_video(project), make_video(project)
    for seat, rater in zip(worked.seats.order_by("-number")[:2], raters, strict=True):
        finish(seat, rater)
    Project.objects.update(overlap=1)
    make_seats(project)
    make_seats(project)
    assert (worked.seats.count(), untouched.seats.count()) == (2, 1)
    assert not worked.seats.filter(filled_at=None).exists()
    Project.objects.update(overlap=4)
    make_seats(project, [worked])
    assert (worked.seats.count(), untouched.seats.count()) == (4, 1)


def test_a_leased_seat_survives_a_lower_overlap_and_an_expired_one_does_not():
    project = make_project(overlap=3)
    video = make_video(project)
    held, late = make_member(project), make_member(project)
    lease_next(project, held)
    expire(lease_next(project, late))
    Project.objects.update(overlap=1)
    make_seats(project)
    assert [seat.holder for seat in video.seats.all()] == [held]


@pytest.mark.portability
def test_the_next_seat_costs_the_same_queries_at_10_and_1000_videos():
    counts = {}
    for size in (10, 1000):
        project = make_project(overlap=2)
        rater = make_member(project)
        prompts = [make_prompt(project) for _ in range(size // 10)]
        first = make_video(project, prompts[0])
        fields = {
            field.attname: getattr(first, field.attname)
            for field in first._meta.fields
            if field.attname not in ("id", "public_id", "name", "sha256")
        }
        type(first).objects.bulk_create(
            type(first)(
                **fields | {"prompt_id": prompts[n % len(prompts)].pk, "name": f"v{n}", "sha256": f"{n:x}"}
            )
            for n in range(size - 1)
        )
        make_seats(project)
        with CaptureQueriesContext(connection) as fresh:
            seat = lease_next(project, rater)
        with CaptureQueriesContext(connection) as following:
            lease_next(project, rater, after=seat.video)
        with CaptureQueriesContext(connection) as held:
            lease_next(project, rater)
        counts[size] = (len(fresh), len(following), len(held))
    assert counts[10] == counts[1000]
    assert max(counts[10]) <= 14


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_raters_tabs_at_once_get_the_same_seat():
    project = make_project(overlap=3)
    rater = make_member(project)
    for _ in range(4):
        make_video(project)
    seats = in_threads(lambda person: lease_next(project, person), [rater] * 8)
    assert len({getattr(seat, "pk", seat) for seat in seats}) == 1
    assert Seat.objects.held_by(rater).count() == 1


@pytest.mark.portability
def test_ahead_is_what_one_holds_and_what_is_open_and_one_has_not_done(monkeypatch):
    project = make_project(overlap=2)
    me, other, third = (make_member(project) for _ in range(3))
    free, last_seat_mine, begun, rated, skipped, gone, expired = (make_video(project) for _ in range(7))
    make_video(project, media_state="waiting")
    make_video(make_project(overlap=2))

    def hold(video, number, rater, **fields):
        Seat.objects.filter(video=video, number=number).update(
            **{"holder": rater, "leased_until": timezone.now() + timedelta(minutes=5)} | fields
        )

    for video, number, rater in ((last_seat_mine, 1, me), (last_seat_mine, 2, other), (begun, 1, me)):
        hold(video, number, rater)
    hold(rated, 1, me, leased_until=None, filled_at=timezone.now())
    make_rating(rated, me)
    Skip.objects.create(video=skipped, rater=me, reason="black")
    hold(gone, 1, other)
    hold(gone, 2, third, leased_until=None, filled_at=timezone.now())
    hold(expired, 1, other, leased_until=timezone.now() - timedelta(minutes=5))
    assert videos_ahead(project, me) == len([free, last_seat_mine, begun, expired])
    assert videos_ahead(project, other) == len([free, last_seat_mine, begun, rated, skipped, gone, expired])

    monkeypatch.setattr(progress, "LARGE", 1)
    assert videos_ahead(project, me) == 4
    make_video(project)
    assert videos_ahead(project, me) == 4, "in a large project the count is kept for a while"
    cache.clear()
    assert videos_ahead(project, me) == 5
