"""The arm `reveal`: own scores first and frozen, then the suggestion, then perhaps a second version with its reason."""

import pytest
from django.urls import reverse

from annotation.models import Arm, Draft, Rating, Stage
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db

SECRET = "the rim shimmers like nothing that a rater would write"


@pytest.fixture
def project():
    return make_project(
        slug="study", suggester=make_scorer_version(), prefill_percent=0, reveal_percent=100, blind_percent=0
    )


@pytest.fixture
def video(project):
    video = make_video(project)
    make_suggestion(video, scores=(5, 5, 1), rationale=SECRET)
    return video


@pytest.fixture
def rater(project, client):
    rater = make_member(project)
    client.force_login(rater)
    return rater


def address(name, video=None):
    return reverse(f"rate{name}", args=["study", video.public_id] if video else ["study"])


def commit(client, video, **more):
    """Open the room and submit the first version; the reply."""
    draft = client.get(address("")).context["screening"].draft
    return client.post(address("-submit", video), sent(draft, **more), headers=JSON).json()


def test_before_the_commit_no_answer_holds_the_suggestion(client, video, rater):
    page = client.get(address(""))
    draft = page.context["screening"].draft
    replies = [
        page,
        client.get(address("-next")),
        client.post(address("-open", video)),
        client.post(address("-draft", video), sent(draft)),
        client.post(address("-submit", video), sent(draft, answers((4, None, 2))), headers=JSON),
    ]
    for reply in replies:
        assert SECRET not in reply.content.decode()
        assert "model" not in reply.content.decode().partition("<dialog id=")[0].lower().replace("t2v_model", "")


def test_the_commit_freezes_version_1_and_sends_the_suggestion(client, video, rater):
    reply = commit(client, video)
    assert SECRET in reply["screening"]
    rating = Rating.objects.get()
    assert (rating.arm, rating.stage, rating.version, rating.live) == (Arm.REVEAL, Stage.FIRST, 1, True)
    assert (rating.suggestion, rating.shown_at) == (None, None)
    draft = Draft.objects.get()
    assert (draft.stage, draft.revises, draft.scores) == (Stage.REVEAL, rating, rating.scores)
    assert draft.suggestion == video.suggestions.get()
    assert list(draft.shown.values()) == [5, 5, 1]
    assert draft.shown_at is not None


def test_version_2_needs_a_reason_and_leaves_version_1_as_it_was(client, video, rater):
    commit(client, video)
    first = Rating.objects.get()
    draft = Draft.objects.get()
    changed = answers((5, 3, 2))
    refused = client.post(address("-submit", video), sent(draft, changed), headers=JSON)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["change_reason"])
    assert (
        client.post(
            address("-submit", video),
            sent(draft, changed, change_reason="It is sharper than I saw."),
            headers=JSON,
        ).status_code
        == 200
    )
    one, two = Rating.objects.order_by("version")
    assert (one.pk, one.live, one.scores, one.suggestion) == (first.pk, False, first.scores, None)
    assert (two.live, two.stage, two.revises, two.visual_quality) == (True, Stage.REVEAL, one, 5)
    assert two.change_reason == "It is sharper than I saw."
    assert list(two.shown.values()) == [5, 5, 1]
    assert not Draft.objects.exists()
    assert video.seats.filter(filled_at__isnull=False).count() == 1


def test_keeping_ones_scores_needs_no_reason(client, video, rater):
    commit(client, video)
    assert client.post(address("-submit", video), sent(Draft.objects.get()), headers=JSON).status_code == 200
    assert Rating.objects.get(live=True).stage == Stage.REVEAL


def test_what_was_said_before_the_reveal_cannot_be_taken_back(client, video, rater):
    commit(client, video)
    assert client.post(address("-take-back", video), headers=JSON).status_code == 409
    client.post(address("-submit", video), sent(Draft.objects.get()), headers=JSON)
    assert client.post(address("-take-back", video), headers=JSON).status_code == 200
    assert Rating.objects.get(live=True).stage == Stage.FIRST
    assert Draft.objects.get().stage == Stage.REVEAL


def test_a_commit_whose_answer_was_lost_is_revealed_when_it_is_sent_again(client, video, rater):
    draft = client.get(address("")).context["screening"].draft
    replies = [client.post(address("-submit", video), sent(draft), headers=JSON).json() for _ in range(2)]
    assert [reply["rating"] for reply in replies] == [Rating.objects.get().pk] * 2
    assert SECRET in replies[1]["screening"]


def test_a_reveal_left_unanswered_comes_first_the_next_time(client, project, video, rater):
    commit(client, video)
    make_video(project)
    screening = client.get(address("")).context["screening"]
    assert (screening.video, screening.draft.stage) == (video, Stage.REVEAL)


def test_without_a_suggestion_there_is_nothing_to_reveal(client, project, rater):
    video = make_video(project)
    reply = commit(client, video)
    assert "screening" not in reply
    assert not Draft.objects.exists()
