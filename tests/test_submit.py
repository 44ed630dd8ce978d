"""Submitting: once, all of it, and it can be taken back while the toast is up."""

import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import Draft, Order, Project, Prompt, Rating, Seat, Skip, Verdict
from annotation.room import submit as submit_module
from annotation.room.drafts import Conflict, save_draft
from annotation.room.queue import lease_next
from annotation.room.seats import make_seats
from annotation.room.skip import skip
from annotation.room.submit import TooLate, submit, take_back
from tests.make import make_member, make_project, make_rating, make_suggestion, make_video
from tests.rating import answers, in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def rater(project):
    return make_member(project)


@pytest.fixture
def video(project):
    return make_video(project)


def hand_in(rater, video, given=None, **fields) -> Rating:
    draft = Draft.objects.get(video=video, rater=rater)
    arguments = {"answers": given or answers(), "revision": draft.revision, "submit_key": draft.submit_key}
    return submit(video=video, rater=rater, **arguments | fields)


def lose_seat(seat, to):
    """The lease ran out and someone else took the seat and filled it."""
    Seat.objects.filter(pk=seat.pk).update(holder=to, leased_until=None, filled_at=timezone.now())


def test_a_submit_stores_the_rating_fills_the_seat_settles_and_clears_the_draft(project, rater, video):
    seat = lease_next(project, rater)
    rating = hand_in(rater, video, answers(flagged=True))
    assert (rating.version, rating.live, rating.extra, rating.purpose) == (1, True, False, "main")
    assert rating.scores == answers().scores
    assert rating.reasons == answers().reasons
    assert rating.flagged
    seat.refresh_from_db()
    assert (seat.holder, seat.leased_until) == (rater, None)
    assert seat.filled_at is not None
    assert Verdict.objects.get().scores == rating.scores
    assert not Draft.objects.exists()


def test_the_same_key_again_gives_the_same_rating(project, rater, video):
    lease_next(project, rater)
    draft = Draft.objects.get()
    first = hand_in(rater, video)
    again = submit(
        video=video, rater=rater, answers=answers(), revision=draft.revision, submit_key=draft.submit_key
    )
    assert again == first
    assert Rating.objects.count() == 1


def test_other_answers_under_a_used_key_are_a_conflict_that_shows_the_stored_ones(project, rater, video):
    lease_next(project, rater)
    draft = Draft.objects.get()
    stored = hand_in(rater, video)
    with pytest.raises(Conflict) as conflict:
        submit(video=video, rater=rater, answers=answers((1, 1, 1)), revision=0, submit_key=draft.submit_key)
    assert conflict.value.stored == stored
    assert Rating.objects.get().scores == answers().scores


def test_a_stale_revision_is_a_conflict_unless_the_answers_are_the_stored_ones(project, rater, video):
    lease_next(project, rater)
    save_draft(video=video, rater=rater, answers=answers((1, 1, 1)), revision=0)
    with pytest.raises(Conflict) as conflict:
        hand_in(rater, video, answers((2, 2, 2)), revision=0)
    assert conflict.value.stored.scores == answers((1, 1, 1)).scores
    assert not Rating.objects.exists()
    assert hand_in(rater, video, answers((1, 1, 1)), revision=0).visual_quality == 1


def test_a_key_that_is_not_the_drafts_is_a_conflict(project, rater, video):
    lease_next(project, rater)
    with pytest.raises(Conflict):
        hand_in(rater, video, submit_key=uuid.uuid4())
    assert not Rating.objects.exists()


def test_nothing_is_stored_when_any_part_fails(project, rater, video, monkeypatch):
    seat = lease_next(project, rater)

    def fail(videos):
        raise RuntimeError("power cut")

    monkeypatch.setattr(submit_module, "settle", fail)
    with pytest.raises(RuntimeError):
        hand_in(rater, video)
    seat.refresh_from_db()
    assert seat.filled_at is None
    assert Draft.objects.exists()
    assert not Rating.objects.exists()


def test_a_missing_score_is_refused_by_the_database_too(project, rater, video):
    lease_next(project, rater)
    with pytest.raises(IntegrityError, match="rating_text_alignment_on_scale"):
        hand_in(rater, video, answers((3, None, 3)))


def test_a_late_submit_takes_another_free_seat():
    project = make_project(overlap=2)
    video = make_video(project)
    slow, quick = make_member(project), make_member(project)
    lose_seat(lease_next(project, slow), to=quick)
    assert not hand_in(slow, video).extra
    assert video.seats.filter(filled_at=None).count() == 0


def test_a_late_submit_without_a_free_seat_is_kept_as_extra(project, rater, video):
    lose_seat(lease_next(project, rater), to=make_member(project))
    rating = hand_in(rater, video)
    assert rating.extra
    assert rating.live
    assert not Verdict.objects.exists()


def test_an_expired_lease_that_nobody_took_still_fills_its_seat(project, rater, video):
    seat = lease_next(project, rater)
    Seat.objects.filter(pk=seat.pk).update(leased_until=Now() - timedelta(hours=1))
    assert not hand_in(rater, video).extra


def test_what_was_shown_and_when_goes_with_the_rating(project, rater, video):
    lease_next(project, rater)
    suggestion = make_suggestion(video, scores=(5, None, 1))
    shown_at = timezone.now()
    Draft.objects.update(
        suggestion=suggestion,
        visual_quality_shown=5,
        physical_consistency_shown=1,
        shown_at=shown_at,
        opened_at=shown_at,
    )
    rating = hand_in(rater, video)
    assert rating.suggestion == suggestion
    assert list(rating.shown.values()) == [5, None, 1]
    assert rating.shown_at == shown_at
    assert 0 <= rating.seconds < 60


def test_taking_back_gives_seat_and_draft_back_and_keeps_the_version(project, rater, video):
    lease_next(project, rater)
    old = Draft.objects.get()
    rating = hand_in(rater, video)
    draft = take_back(video=video, rater=rater)
    rating.refresh_from_db()
    assert not rating.live
    assert rating.withdrawn_at is not None
    assert (draft.scores, draft.reasons, draft.arm) == (rating.scores, rating.reasons, rating.arm)
    assert draft.submit_key != old.submit_key
    assert lease_next(project, rater).video == video
    assert not Verdict.objects.exists()
    second = hand_in(rater, video, answers((1, 1, 1)))
    assert (second.version, second.live) == (2, True)
    assert list(Rating.objects.values_list("version", "live", "visual_quality")) == [(1, False, 4), (2, True, 1)]
    assert video.seats.filter(filled_at__isnull=False).count() == 1


def test_taking_back_an_extra_rating_takes_no_seat_away(project, rater, video):
    quick = make_member(project)
    lose_seat(lease_next(project, rater), to=quick)
    hand_in(rater, video)
    take_back(video=video, rater=rater)
    assert video.seats.get().holder == quick
    assert hand_in(rater, video).extra


def test_a_dispute_moves_its_prompt_up_and_taking_back_moves_it_down(project, rater, video):
    Project.objects.filter(pk=project.pk).update(order=Order.DISAGREEMENT, overlap=2)
    project.refresh_from_db()
    video.refresh_from_db()
    make_rating(video, make_member(project), scores=(1, 3, 3))
    make_seats(project)
    lease_next(project, rater)
    rating = hand_in(rater, video)
    assert Prompt.objects.get(pk=video.prompt_id).priority == max(
        abs(a - b) for a, b in zip(rating.scores.values(), (1, 3, 3), strict=True)
    )
    take_back(video=video, rater=rater)
    assert Prompt.objects.get(pk=video.prompt_id).priority == 0


def test_a_taking_back_sent_while_the_toast_goes_is_in_time(project, rater, video):
    lease_next(project, rater)
    hand_in(rater, video)
    Rating.objects.update(submitted_at=timezone.now() - timedelta(seconds=11))
    take_back(video=video, rater=rater)
    assert not Rating.objects.live().exists()


def test_later_it_is_too_late(project, rater, video):
    lease_next(project, rater)
    hand_in(rater, video)
    Rating.objects.update(submitted_at=timezone.now() - timedelta(seconds=12.5))
    with pytest.raises(TooLate):
        take_back(video=video, rater=rater)
    assert Rating.objects.get().live


def test_nobody_takes_back_anothers_rating(project, rater, video):
    lease_next(project, rater)
    hand_in(rater, video)
    with pytest.raises(TooLate):
        take_back(video=video, rater=make_member(project))


def test_a_repeat_that_arrives_after_the_taking_back_is_no_second_rating(project, rater, video):
    lease_next(project, rater)
    old = Draft.objects.get()
    hand_in(rater, video)
    take_back(video=video, rater=rater)
    with pytest.raises(Conflict):
        submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=old.submit_key)
    assert not Rating.objects.live().exists()


def test_a_skip_frees_the_seat_and_is_not_offered_again(project, rater, video):
    seat = lease_next(project, rater)
    skip(video=video, rater=rater, reason="does not play")
    skip(video=video, rater=rater, reason="twice")
    assert Skip.objects.get().reason == "does not play"
    assert lease_next(project, rater) is None
    assert lease_next(project, make_member(project)) == seat
    with pytest.raises(Conflict):
        submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=uuid.uuid4())


def test_a_rated_video_cannot_be_skipped(project, rater, video):
    lease_next(project, rater)
    hand_in(rater, video)
    with pytest.raises(Conflict):
        skip(video=video, rater=rater, reason="too late")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_key_from_eight_threads_is_one_rating(project, rater, video):
    lease_next(project, rater)
    draft = Draft.objects.get()
    ratings = in_threads(
        lambda person: (
            submit(
                video=video, rater=person, answers=answers(), revision=draft.revision, submit_key=draft.submit_key
            ).pk
        ),
        [rater] * 8,
    )
    assert ratings == [Rating.objects.get().pk] * 8


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_raters_who_finish_at_once_settle_the_verdict():
    for _ in range(5):
        project = make_project(overlap=2)
        video = make_video(project)
        raters = [make_member(project), make_member(project)]
        for rater in raters:
            lease_next(project, rater)
        in_threads(lambda rater, video=video: hand_in(rater, video), raters)
        assert Verdict.objects.get(video=video).ratings.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_taking_back_against_a_repeated_submit_leaves_one_truth(rater, project):
    for _ in range(5):
        video = make_video(project)
        lease_next(project, rater)
        draft = Draft.objects.get(video=video)
        hand_in(rater, video)

        def act(what, video=video, draft=draft):
            if what == "take back":
                return take_back(video=video, rater=rater)
            return submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=draft.submit_key)

        results = in_threads(act, ["take back", "submit", "submit", "take back"])
        assert not [result for result in results if isinstance(result, IntegrityError)]
        assert Rating.objects.filter(video=video).count() == 1
        assert not Rating.objects.live().filter(video=video).exists()
        assert Draft.objects.filter(video=video).count() == 1
        assert video.seats.get().leased_until is not None
        hand_in(rater, video)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_another_tabs_save_during_a_submit_is_told_and_not_swallowed(project, rater, video, monkeypatch):
    lease_next(project, rater)
    inside = threading.Event()
    store = submit_module._store

    def store_slowly(*args, **kwargs):
        inside.set()
        time.sleep(0.5)
        return store(*args, **kwargs)

    monkeypatch.setattr(submit_module, "_store", store_slowly)

    def act(tab):
        if tab == "submit":
            return hand_in(rater, video)
        inside.wait(10)
        return save_draft(video=video, rater=rater, answers=answers(reasons=("new words", "", "")), revision=0)

    rating, save = in_threads(act, ["submit", "save"])
    assert isinstance(rating, Rating)
    assert isinstance(save, Conflict)
    assert save.stored == rating


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_late_submits_at_once_never_count_more_than_the_overlap():
    project = make_project(overlap=2)
    video = make_video(project)
    raters = [make_member(project) for _ in range(6)]
    for rater in raters:
        seat = lease_next(project, rater)
        Seat.objects.filter(pk=seat.pk).update(leased_until=Now() - timedelta(seconds=1))
    results = in_threads(lambda rater: hand_in(rater, video), raters)
    assert all(isinstance(result, Rating) for result in results)
    assert Rating.objects.counted().count() == 2
    assert Rating.objects.filter(extra=True).count() == 4
    assert connection.vendor == "postgresql"
