"""A reviewer's decisions: accept, return and fix, once, on what was really seen, and not about one's own work."""

from functools import partial

import pytest

from annotation.models import Draft, Membership, Rating, Review, ReviewCase, Stage, Verdict
from annotation.review.cases import is_decided, look_at
from annotation.review.decide import Refused, Seen, Stale, accept, fix, send_back
from annotation.room.drafts import Conflict, save_draft
from annotation.room.next import next_draft
from annotation.room.settle import settle, settle_to_overlap
from annotation.room.submit import TooLate, draft_from, submit, take_back
from annotation.scale import DIMENSION_KEYS
from tests.make import make_member, make_project, make_rating, make_user, make_video
from tests.rating import answers, in_threads

pytestmark = pytest.mark.django_db

FIXED = dict(zip(DIMENSION_KEYS, (2, 2, 2), strict=True))


@pytest.fixture
def project():
    return make_project(overlap=2, audit_percent=0)


@pytest.fixture
def reviewer(project):
    return member(project, "reviewer")


@pytest.fixture
def video(project):
    """Two raters who differ by 4, so that a case is open."""
    video = make_video(project)
    for scores in ((1, 3, 3), (5, 4, 3)):
        make_rating(video, make_member(project), scores)
    settle([video])
    look_at([video])
    return video


def member(project, role="reviewer") -> Membership:
    return Membership.objects.get(user=make_member(project, role))


def seen(video) -> Seen:
    newest = video.reviews.order_by("pk").last()
    return Seen(frozenset(video.ratings.live().values_list("pk", flat=True)), newest.pk if newest else 0)


def state(video) -> str:
    return ReviewCase.objects.get(video=video).state


def hand_in(draft: Draft, **fields) -> Rating:
    arguments = {"answers": answers(), "revision": draft.revision, "submit_key": draft.submit_key} | fields
    return submit(video=draft.video, rater=draft.rater, **arguments)


def back(video, reviewer, place=0, preset="vague", words="") -> Review:
    rating = list(video.ratings.live().order_by("pk"))[place]
    return send_back(video, reviewer, seen(video), rating=rating, preset=preset, words=words)


# --- Accept and fix --------------------------------------------------------------------------------
def test_accept_closes_the_case_covers_the_ratings_and_leaves_the_median(video, reviewer):
    review = accept(video, reviewer, seen(video), words="Both are right in their way.")
    assert (review.reviewer, review.decision) == (reviewer.user, "accept")
    assert set(review.ratings.all()) == set(video.ratings.live())
    assert state(video) == "closed"
    assert Verdict.objects.get().policy == "median"
    assert all(is_decided(rating) for rating in video.ratings.live())


def test_a_fix_is_the_verdict_and_names_its_review_and_its_ratings(video, reviewer):
    review = fix(video, reviewer, seen(video), scores=FIXED, words="The hand has six fingers.")
    verdict = Verdict.objects.get()
    assert (verdict.policy, verdict.review, verdict.scores) == ("reviewer", review, FIXED)
    assert verdict.visual_quality_exact == 2.0
    assert set(verdict.ratings.all()) == set(video.ratings.live())
    assert state(video) == "closed"


def test_a_fix_stands_while_ratings_and_overlap_change_until_a_later_decision(project, video, reviewer):
    fix(video, reviewer, seen(video), scores=FIXED, words="Looked twice.")
    late = make_rating(video, make_user(), (4, 4, 4))
    settle([video])
    assert Verdict.objects.get().scores == FIXED
    assert late in Verdict.objects.get().ratings.all()
    project.overlap = 9
    project.save()
    settle_to_overlap(project)
    assert Verdict.objects.get().scores == FIXED
    project.overlap = 2
    project.save()
    accept(video, reviewer, seen(video))
    verdict = Verdict.objects.get()
    assert (verdict.policy, verdict.review, verdict.visual_quality) == ("median", None, 4)


def test_a_fix_is_a_verdict_before_the_overlap_is_reached(project, reviewer):
    video = make_video(project)
    make_rating(video, make_user())
    fix(video, reviewer, seen(video), scores=FIXED, words="Broken file: black to the end.")
    assert Verdict.objects.get(video=video).scores == FIXED


def test_decided_ratings_are_neither_edited_nor_taken_back(video, reviewer):
    rating = video.ratings.live().first()
    draft = draft_from(rating, stage=Stage.EDIT, revises=rating)
    accept(video, reviewer, seen(video))
    with pytest.raises(Conflict, match="can no longer be edited"):
        hand_in(draft)
    assert Draft.objects.get() == draft
    other = video.ratings.live().last()
    with pytest.raises(TooLate):
        take_back(video=video, rater=other.rater)


@pytest.mark.parametrize("decision", [accept, fix])
def test_a_repeated_decision_is_one(video, reviewer, decision):
    more = {"words": "Once."} | ({"scores": FIXED} if decision is fix else {})
    page = seen(video)
    assert decision(video, reviewer, page, **more) == decision(video, reviewer, page, **more)
    assert Review.objects.count() == 1


def test_there_is_nothing_to_decide_without_ratings(project, reviewer):
    with pytest.raises(Refused, match="nothing to decide"):
        accept(make_video(project), reviewer, Seen(frozenset(), 0))


# --- Return ----------------------------------------------------------------------------------------
def test_a_returned_rating_comes_first_to_its_rater_and_its_answer_opens_the_case_again(video, reviewer, project):
    review = back(video, reviewer, words="Which finger?")
    rater = review.rating.rater
    assert state(video) == "returned"
    assert review.rating.live
    make_video(project)
    draft = next_draft(Membership.objects.get(user=rater))
    assert (draft.video, draft.stage, draft.returned, draft.revises) == (video, "return", review, review.rating)
    assert draft.scores == review.rating.scores
    answer = hand_in(draft)
    assert (answer.stage, answer.returned, answer.revises) == ("return", review, review.rating)
    assert state(video) == "open"
    assert ReviewCase.objects.get().answered
    accept(video, reviewer, seen(video))
    assert state(video) == "closed"


@pytest.mark.parametrize("stage", [Stage.EDIT, Stage.REVEAL])
def test_what_the_rater_had_begun_becomes_the_answer_and_an_open_tab_is_told(video, reviewer, stage):
    rating = video.ratings.live().first()
    draft = draft_from(rating, stage=stage, revises=rating)
    draft = save_draft(video=video, rater=rating.rater, answers=answers((3, 3, 3), ("half a th",) * 3), revision=0)
    review = back(video, reviewer)
    kept = Draft.objects.get()
    assert (kept.pk, kept.stage, kept.returned, kept.visual_quality_reason) == (
        draft.pk,
        "return",
        review,
        "half a th",
    )
    with pytest.raises(Conflict):
        hand_in(draft)
    assert hand_in(kept).returned == review


def test_a_decision_calls_back_what_is_out_and_keeps_what_was_written(video, reviewer):
    first, second = back(video, reviewer, 0), back(video, reviewer, 1)
    written = Draft.objects.get(rater=second.rating.rater)
    save_draft(video=video, rater=written.rater, answers=answers(), revision=0)
    accept(video, reviewer, seen(video))
    assert state(video) == "closed"
    kept = Draft.objects.get()
    assert (kept.rater, kept.stage, kept.returned) == (written.rater, "edit", None)
    assert next_draft(Membership.objects.get(user=first.rating.rater)) is None


@pytest.mark.parametrize("why", ["imported", "left", "out"])
def test_what_nobody_would_answer_is_not_returned(video, reviewer, why):
    rating = video.ratings.live().order_by("pk").first()
    if why == "imported":
        Rating.objects.filter(pk=rating.pk).update(imported=True)
    elif why == "left":
        Membership.objects.filter(user=rating.rater).delete()
    else:
        back(video, reviewer)
    with pytest.raises(Refused):
        back(video, reviewer, words="Again.")
    assert Draft.objects.count() == (why == "out")


# --- What was seen ---------------------------------------------------------------------------------
def test_a_page_that_shows_other_ratings_than_are_live_decides_nothing(video, reviewer):
    page = seen(video)
    make_rating(video, make_user())
    with pytest.raises(Stale, match="ratings have changed"):
        accept(video, reviewer, page)
    assert not Review.objects.exists()


def test_a_page_that_does_not_show_the_newest_decision_decides_nothing(project, video, reviewer):
    page = seen(video)
    accept(video, member(project), page)
    with pytest.raises(Stale, match="Another reviewer"):
        fix(video, reviewer, page, scores=FIXED, words="No.")
    assert Review.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_decides(project, video):
    page = seen(video)
    answers_of = in_threads(lambda one: accept(video, one, page), [member(project) for _ in range(2)])
    assert sorted(type(answer).__name__ for answer in answers_of) == ["Review", "Stale"]
    assert Review.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_rater_who_submits_while_a_reviewer_accepts_is_either_seen_or_refused(project, reviewer):
    for _ in range(6):
        video = make_video(project)
        ratings = [make_rating(video, make_member(project), flagged=True) for _ in range(2)]
        settle([video])
        draft = draft_from(ratings[0], stage=Stage.EDIT, revises=ratings[0])
        page = seen(video)
        acts = [partial(hand_in, draft), partial(accept, video, reviewer, page)]
        reply, review = in_threads(lambda act: act(), acts)
        live = video.ratings.live().get(rater=ratings[0].rater)
        if isinstance(review, Review):
            assert isinstance(reply, Conflict)
            assert live == ratings[0]
        else:
            assert (live, type(review)) == (reply, Stale)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_returns_submits_and_decisions_at_once_never_wait_for_each_other_in_a_circle(project, reviewer):
    for _ in range(6):
        video = make_video(project)
        ratings = [make_rating(video, make_member(project), flagged=True) for _ in range(2)]
        back(video, reviewer, 0)
        draft, page = Draft.objects.get(video=video), seen(video)
        given = {"rating": ratings[1], "preset": "vague", "words": ""}
        acts = [
            partial(hand_in, draft),
            partial(accept, video, reviewer, page),
            partial(send_back, video, member(project), page, **given),
            partial(save_draft, video=video, rater=draft.rater, answers=answers((1, 1, 1)), revision=0),
        ]
        for found in in_threads(lambda act: act(), acts):
            assert isinstance(found, Rating | Review | Draft | Refused | Conflict), found


# --- Own work --------------------------------------------------------------------------------------
def test_nobody_decides_about_a_video_that_they_rated_while_somebody_else_can(project, video, reviewer):
    lead = member(project, "lead")
    for who in (reviewer, lead):
        make_rating(video, who.user)
        page = seen(video)
        if who == reviewer:
            with pytest.raises(Refused, match="rated this video yourself"):
                accept(video, who, page)
            accept(video, lead, page)
    with pytest.raises(Refused):
        accept(video, reviewer, seen(video))
    assert accept(video, lead, seen(video)), "everybody rated it, so the lead may"
    another = member(project, "lead")
    with pytest.raises(Refused):
        accept(video, lead, seen(video), words="Not any more.")
    assert accept(video, another, seen(video), words="I did not rate it.")
