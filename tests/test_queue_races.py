"""The queue with everybody at it at once: real threads, each on a connection of its own."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import Draft, Membership, Order, Rating, Seat
from annotation.projects.members import go_on, pause
from annotation.room.arms import draw
from annotation.room.hand_over import CannotHandOver, give
from annotation.room.queue import lease_next, lease_on
from annotation.room.ranking import rank_prompts
from annotation.room.submit import submit
from datasets_app.invariants.check import broken_histories, miscounted_videos, repeated_live_ratings
from tests.make import (
    make_member,
    make_project,
    make_prompt,
    make_rating,
    make_scorer_version,
    make_suggestion,
    make_video,
)
from tests.rating import answers, in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _seats_and_ratings_agree():
    yield
    assert not [*miscounted_videos(), *repeated_live_ratings(), *broken_histories()]


def at_once(*acts):
    """Do these at the same moment; what each gave, or its `CannotHandOver`. Nothing else may be raised."""
    got = in_threads(lambda act: act(), list(acts))
    assert not [each for each in got if isinstance(each, Exception) and not isinstance(each, CannotHandOver)], got
    return got


def expire(seat):
    Seat.objects.filter(pk=seat.pk).update(leased_until=Now() - timedelta(seconds=1))


def clear(video):
    """As if nobody had ever had this video."""
    Rating.objects.filter(video=video).delete()
    Draft.objects.filter(video=video).delete()
    Seat.objects.filter(video=video).update(holder=None, leased_until=None, filled_at=None)


def submits(video, rater):
    """The submit of this rater's draft, to be done later."""
    key = Draft.objects.get(video=video, rater=rater).submit_key
    return lambda: submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=key)


@pytest.mark.postgres
def test_fifty_people_take_ten_seats_exactly_once_and_the_others_are_told_that_there_is_nothing():
    project = make_project(overlap=2)
    prompts = [make_prompt(project) for _ in range(2)]
    for number in range(5):
        make_video(project, prompts[number % 2])
    people = []
    for _ in range(50):
        people.append(Client())
        people[-1].force_login(make_member(project))
    address = reverse("rate-next", args=[project.slug])
    told = in_threads(lambda person: person.get(address).status_code, people)
    assert Counter(told) == {200: 10, 204: 40}
    assert len(set(Seat.objects.values_list("holder", "video"))) == 10
    assert len(set(Seat.objects.values_list("holder", flat=True))) == 10


@pytest.mark.postgres
def test_where_there_are_seats_enough_nobody_goes_away_empty():
    project = make_project(overlap=2)
    prompts = [make_prompt(project) for _ in range(5)]
    for number in range(25):
        make_video(project, prompts[number % 5])
    seats = in_threads(lambda rater: lease_next(project, rater), [make_member(project) for _ in range(50)])
    assert len({seat.pk for seat in seats}) == 50


@pytest.mark.portability
def test_a_lapsed_seat_goes_to_one_of_those_who_want_it_and_of_its_holder_who_comes_back():
    project = make_project()
    video = make_video(project)
    slow, *quick = (make_member(project) for _ in range(3))
    for round_ in range(12):
        clear(video)
        expire(lease_next(project, slow))
        comes_back = [lambda: lease_next(project, slow), lambda: lease_on(video, slow)][round_ % 2]
        got = at_once(comes_back, *(lambda rater=rater: lease_next(project, rater) for rater in quick))
        holders = [rater for seat, rater in zip(got, [slow, *quick], strict=True) if seat is not None]
        assert holders == [Seat.objects.get().holder], got


@pytest.mark.portability
def test_of_a_late_submit_and_the_new_holders_one_counts_whichever_comes_first():
    project = make_project()
    video, late, new = make_video(project), make_member(project), make_member(project)
    for round_ in range(8):
        clear(video)
        expire(lease_next(project, late))
        if round_ % 2:  # the other one has it, and submits at the same moment
            lease_next(project, new)
            kept, counted = at_once(submits(video, late), submits(video, new))
            assert (kept.extra, counted.extra) == (True, False)
        else:  # the other one takes it at the same moment
            kept, taken = at_once(submits(video, late), lambda: lease_next(project, new))
            assert kept.extra == (taken is not None), (kept, taken)
            assert Seat.objects.get().holder == (new if taken else late)


@pytest.mark.portability
def test_whoever_is_paused_holds_nothing_however_many_tabs_ask():
    project = make_project()
    rater = make_member(project)
    member = Membership.objects.get(user=rater)
    first, _ = make_video(project), make_video(project)
    for _ in range(8):
        lease_next(project, rater)
        at_once(
            lambda: pause(member),
            lambda: lease_next(project, rater),
            lambda: lease_next(project, rater, after=first),
            lambda: lease_on(first, rater),
        )
        assert not Seat.objects.exclude(holder=None).exists()
        go_on(member)


@pytest.mark.portability
def test_a_seat_handed_over_during_a_submit_counts_once():
    project = make_project()
    video, holder, named = make_video(project), make_member(project), make_member(project)
    member = Membership.objects.get(user=named)
    for _ in range(8):
        clear(video)
        seat = lease_next(project, holder)
        rating, given, _ = at_once(
            submits(video, holder), lambda seat=seat: give(seat, member), lambda: lease_next(project, named)
        )
        if isinstance(given, CannotHandOver):
            assert not rating.extra
        else:
            assert given is None
            assert rating.extra
            assert Seat.objects.get().holder == named


@pytest.mark.portability
def test_a_seat_is_handed_to_somebody_who_takes_another_of_that_video_at_the_same_moment():
    project = make_project(overlap=2)
    video, named = make_video(project), make_member(project)
    member, seats = Membership.objects.get(user=named), list(video.seats.order_by("-number"))
    for _ in range(8):
        clear(video)
        given, taken = at_once(lambda: give(seats[0], member), lambda: lease_next(project, named))
        assert taken is not None or given is None
        assert Seat.objects.filter(holder=named).count() == 1


@pytest.mark.portability
def test_no_number_of_tabs_gets_a_rater_above_the_cap():
    project = make_project(overlap=2)
    rater = make_member(project)
    videos = [make_video(project) for _ in range(6)]
    for video in videos:
        Draft.objects.create(video=video, rater=rater, arm="blind")
    Membership.objects.filter(user=rater).update(daily_cap=3)
    for start in range(4):
        Seat.objects.update(holder=None, leased_until=None)
        renewed = [lambda video=video: lease_on(video, rater) for video in videos[start:]]
        at_once(*renewed, *(lambda video=video: lease_next(project, rater, after=video) for video in videos))
        assert Seat.objects.held_by(rater).count() == 3
    held = list(Seat.objects.held_by(rater))
    at_once(*(submits(seat.video, rater) for seat in held), *(lambda v=v: lease_on(v, rater) for v in videos))
    assert Rating.objects.filter(extra=False).count() == 3
    assert not Seat.objects.held_by(rater).exists()


@pytest.mark.postgres
def test_everybody_goes_through_the_prompts_in_the_order_of_the_policy_and_through_each_in_an_own_order():
    version = make_scorer_version()
    projects = [make_project(order=order, overlap=5, suggester=version) for order in Order]
    turns = []
    for project in projects:
        prompts = [make_prompt(project, position=position) for position in (3, 1, 2)]
        for number, prompt in enumerate(prompts):
            videos = [make_video(project, prompt) for _ in range(4)]
            _give_reasons_to_rank(videos[0], version, number)
        rank_prompts(project)
        expected = [prompts[1], prompts[2], prompts[0]] if project.order == Order.RANDOM else prompts[::-1]
        turns += [(project, make_member(project), [prompt.pk for prompt in expected]) for _ in range(3)]
    seen = in_threads(lambda turn: _all_in_turn(*turn[:2]), turns)
    for videos, (project, rater, prompts) in zip(seen, turns, strict=True):
        own_order = {video.pk: draw(project.seed, rater.pk, video.pk) for video in videos}
        assert [video.prompt_id for video in videos] == [pk for pk in prompts for _ in range(4)]
        assert videos == sorted(videos, key=lambda v: (prompts.index(v.prompt_id), own_order[v.pk]))
    for start in range(0, len(turns), 3):
        assert len({tuple(video.pk for video in videos) for videos in seen[start : start + 3]}) == 3


def _give_reasons_to_rank(video, version, number):
    """The higher the number, the less certain the suggestion and the wider apart two ratings."""
    suggestion = make_suggestion(video, version)
    suggestion.distributions.create(
        dimension="visual_quality",
        soft_score=3,
        expected_score=3,
        confidence=0.9 - number / 10,
        **{f"p{score}": float(score == 3) for score in range(1, 6)},
    )
    for score in (2, 2 + number):
        scores = {"visual_quality": score, "text_alignment": 3, "physical_consistency": 3}
        rater = make_member(video.project)
        Seat.objects.filter(pk=video.seats.filter(filled_at=None).first().pk).update(
            holder=rater, filled_at=timezone.now()
        )
        Rating.objects.create(video=video, rater=rater, arm="blind", **scores)


def _all_in_turn(project, rater):
    """Lease and submit until nothing is left; the videos in the order they came."""
    videos = []
    while seat := lease_next(project, rater):
        videos.append(seat.video)
        Seat.objects.filter(pk=seat.pk).update(leased_until=None, filled_at=timezone.now())
        scores = dict.fromkeys(("visual_quality", "text_alignment", "physical_consistency"), 3)
        Rating.objects.create(video=seat.video, rater=rater, arm="blind", **scores)
    return videos


@pytest.mark.postgres
def test_a_prompt_whose_videos_are_rated_at_once_is_ranked_by_all_of_them():
    project = make_project(overlap=2, order=Order.DISAGREEMENT)
    prompt = make_prompt(project)
    videos = [make_video(project, prompt) for _ in range(6)]
    for video in videos:
        make_rating(video, make_member(project), (1, 3, 3))
    raters = [make_member(project) for _ in videos]
    for rater in raters:
        lease_next(project, rater)
    held = Seat.objects.filter(leased_until__isnull=False).select_related("video", "holder")
    at_once(*(submits(seat.video, seat.holder) for seat in held))
    prompt.refresh_from_db()
    ranked = prompt.priority
    rank_prompts(project)
    prompt.refresh_from_db()
    assert ranked == prompt.priority > 0
