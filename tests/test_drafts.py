"""Drafts: every save counts one up, a stale one is told, and what was shown is what was really sent."""

import pytest

from annotation.models import Arm, Draft, Rating
from annotation.room.drafts import Conflict, draft_of, mark_open, save_draft, send_suggestion
from annotation.room.queue import lease_next
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video
from tests.rating import answers

pytestmark = pytest.mark.django_db


def leased(arm=Arm.PREFILL, **fields):
    """A project with a suggester, a rater and the draft of a video that was just leased."""
    project = make_project(suggester=make_scorer_version(), **fields)
    video = make_video(project)
    rater = make_member(project)
    lease_next(project, rater)
    Draft.objects.update(arm=arm)
    return project, rater, video


def test_each_save_raises_the_revision():
    _, rater, video = leased()
    for revision in range(3):
        stored = save_draft(
            video=video, rater=rater, answers=answers((revision + 1, None, None)), revision=revision
        )
        assert stored.revision == revision + 1
        assert stored.saved_at is not None
    assert draft_of(rater, video).visual_quality == 3


def test_a_decided_score_can_be_undecided_again():
    _, rater, video = leased()
    save_draft(video=video, rater=rater, answers=answers((3, 3, 3)), revision=0)
    assert save_draft(video=video, rater=rater, answers=answers((None, 3, 3)), revision=1).visual_quality is None


def test_a_stale_tab_gets_the_stored_copy_and_overwrites_nothing():
    _, rater, video = leased()
    save_draft(video=video, rater=rater, answers=answers(reasons=("first tab", "", "")), revision=0)
    with pytest.raises(Conflict) as conflict:
        save_draft(video=video, rater=rater, answers=answers(reasons=("second tab", "", "")), revision=0)
    assert conflict.value.stored.visual_quality_reason == "first tab"
    assert draft_of(rater, video).visual_quality_reason == "first tab"


def test_a_save_whose_reply_was_lost_may_be_repeated():
    _, rater, video = leased()
    save_draft(video=video, rater=rater, answers=answers(), revision=0)
    assert save_draft(video=video, rater=rater, answers=answers(), revision=0).revision == 1


def test_a_save_after_the_end_gets_what_was_submitted():
    _, rater, video = leased()
    Draft.objects.all().delete()
    rating = Rating.objects.create(video=video, rater=rater, arm="blind", **answers().columns)
    with pytest.raises(Conflict) as conflict:
        save_draft(video=video, rater=rater, answers=answers(), revision=3)
    assert conflict.value.stored == rating


def test_the_suggestion_that_is_sent_is_stored_and_marked_when_it_is_on_the_screen():
    project, rater, video = leased()
    suggestion = make_suggestion(video, project.suggester, scores=(5, None, 1))
    send_suggestion(project, draft_of(rater, video))
    draft = draft_of(rater, video)
    assert (draft.suggestion, list(draft.shown.values()), draft.shown_at) == (suggestion, [5, None, 1], None)
    mark_open(draft)
    first = draft_of(rater, video)
    assert first.shown_at == first.opened_at is not None
    mark_open(first)
    assert draft_of(rater, video).shown_at == first.shown_at


def test_a_suggestion_that_comes_while_the_video_is_only_preloaded_is_used():
    project, rater, video = leased()
    send_suggestion(project, draft_of(rater, video))
    make_suggestion(video, project.suggester)
    send_suggestion(project, draft_of(rater, video))
    assert list(draft_of(rater, video).shown.values()) == [4, 4, 3]


def test_a_suggestion_that_comes_after_opening_stays_away():
    project, rater, video = leased()
    mark_open(draft_of(rater, video))
    make_suggestion(video, project.suggester)
    send_suggestion(project, draft_of(rater, video))
    draft = draft_of(rater, video)
    assert (draft.suggestion, set(draft.shown.values()), draft.shown_at) == (None, {None}, None)


@pytest.mark.parametrize("reason", ["blind", "another version", "another sample", "unreadable"])
def test_only_the_suggesters_first_readable_answer_is_sent_and_only_in_the_prefill_arm(reason):
    project, rater, video = leased(arm=Arm.BLIND if reason == "blind" else Arm.PREFILL)
    suggestion = make_suggestion(
        video,
        make_scorer_version("other") if reason == "another version" else project.suggester,
        sample=1 if reason == "another sample" else 0,
    )
    if reason == "unreadable":
        suggestion.status = "unreadable"
        suggestion.save()
    send_suggestion(project, draft_of(rater, video))
    mark_open(draft_of(rater, video))
    draft = draft_of(rater, video)
    assert (draft.suggestion, set(draft.shown.values()), draft.shown_at) == (None, {None}, None)
