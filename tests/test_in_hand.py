"""Whoever has a rating of a video begun sees nothing of others or of a model on its pages, whatever their role."""

import pytest
from django.urls import reverse

from annotation.models import Draft, EditedRationale, Membership, ReviewCase, Role
from annotation.review.own_work import may_decide
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.models import Release
from datasets_app.releases.export_options import Counts
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db
MODEL, RATER = "canary of the model", "canary of a rater"


@pytest.fixture
def project():
    return make_project("study", suggester=make_scorer_version())


@pytest.fixture
def video(project):
    """Settled, in the review queue, with a text to edit."""
    video = make_video(project)
    make_suggestion(video, project.suggester, (5, 5, 5), rationale=MODEL)
    make_rating(video, make_member(project), (1, 1, 1), visual_quality_reason=RATER, flagged=True)
    settle([video])
    ReviewCase.objects.create(video=video, audit=True)
    return video


def pages(client, video):
    """What the video's own pages and the lists that name it say."""
    of_it = [reverse(name, args=["study", video.public_id]) for name in ("video", "review-case", "rationale")]
    lists = [reverse(name, args=["study"]) for name in ("project-videos", "review")]
    return [client.get(address).content.decode() for address in of_it], [
        client.get(address).content.decode() for address in lists
    ]


@pytest.mark.parametrize("role", [Role.LEAD, Role.REVIEWER])
def test_a_video_in_ones_own_hands_says_so_and_shows_nothing(client, project, video, role):
    person = make_member(project, role)
    client.force_login(person)
    shown, (videos, queue) = pages(client, video)
    assert all(MODEL in page and RATER in page for page in shown)
    assert "<span>5</span>" in videos
    assert video.name in queue
    draft = Draft.objects.create(video=video, rater=person, arm="blind")
    hidden, (videos, queue) = pages(client, video)
    for page in hidden:
        assert "You are rating this video." in page
        assert f"{reverse('rate', args=['study'])}?video={video.public_id}" in page
        assert MODEL not in page
        assert RATER not in page
    assert "<span>5</span>" not in videos
    assert "<b>1</b>" not in videos
    assert "you are rating it" in videos
    assert video.name not in queue
    assert not may_decide(Membership.objects.get(user=person), video)
    decided = client.post(reverse("review-accept", args=["study", video.public_id]), {})
    assert decided.status_code == 403
    assert RATER not in decided.content.decode()
    draft.delete()
    shown, _ = pages(client, video)
    assert all(RATER in page for page in shown)


def test_pages_that_set_a_scorer_beside_people_leave_out_what_is_in_ones_own_hands(client, project, video):
    """Of a prompt's videos the places of the others would tell that of this one, so the prompt waits, too."""
    other = make_video(project, video.prompt.text, name="other of the prompt")
    make_suggestion(other, project.suggester, (3, 3, 3))
    make_rating(other, make_member(project), (1, 1, 1))
    lead = make_member(project, Role.LEAD)
    client.force_login(lead)

    def shown(name, query=""):
        return client.get(reverse(name, args=["study"]) + query).content.decode()

    def link(one):
        return reverse("video", args=["study", one.public_id])

    assert link(video) in shown("evaluation-worst")
    assert link(video) in shown("best-of")
    assert "1 · 1 · 1" in shown("rationales")
    Draft.objects.create(video=video, rater=lead, arm="blind")
    worst, picks = shown("evaluation-worst"), shown("best-of")
    assert link(video) not in worst
    assert link(other) in worst
    assert "1 of 1 compared video" in worst
    assert not any(link(one) in picks for one in (video, other))
    assert "1 prompt is not shown: you are rating a video of it" in picks
    assert link(video) not in shown("best-of", "?show=wrong") + shown("best-of", "?show=right")
    assert "1 · 1 · 1" not in shown("rationales")
    assert "you are rating it" in shown("rationales")


def test_what_a_release_changed_does_not_tell_the_scores_of_what_is_in_ones_own_hands(client, project, video):
    lead = make_member(project, Role.LEAD)
    rescored = [[video.name, [1, 1, 1], [2, 1, 1]], ["another", [4, 4, 4], [5, 4, 4]]]
    changes = {"since": 1, "same": 0, "changed": True, "rescored": 2, "rescored_videos": rescored}
    changes["steps"] = {"visual_quality": [[1, 2, 1], [4, 5, 1]]}
    counts = Counts().as_json() | {"changes": changes}
    Release.objects.create(project=project, number=2, state="done", settings={"formats": ["bench"]}, counts=counts)
    client.force_login(lead)
    address = reverse("release", args=["study", 2])
    page = client.get(address).content.decode()
    assert "1 1 1 → 2 1 1" in page
    assert "1 → 2" in page
    Draft.objects.create(video=video, rater=lead, arm="blind")
    page = client.get(address).content.decode()
    assert "you are rating it" in page
    assert "4 4 4 → 5 4 4" in page
    assert "1 1 1 → 2 1 1" not in page
    assert "1 → 2" not in page


@pytest.mark.parametrize("asks", [{"HTTP_ACCEPT": "application/json"}, {}])
def test_an_editor_who_has_begun_to_rate_the_video_gets_no_text_back_and_nothing_is_stored(
    client, project, video, asks
):
    editor, theirs = make_member(project, Role.REVIEWER), "canary of another editor, who was first. " * 6
    suggestion = video.suggestions.get()
    scores = dict.fromkeys(DIMENSION_KEYS, 1)
    edit = EditedRationale.objects.create(video=video, suggestion=suggestion, editor=editor, text=theirs, **scores)
    client.force_login(editor)
    sent = {"text": "Mine, and long enough. " * 20, "live": "0", "scores": "1 1 1"}
    sent["origin"] = f"suggestion-{suggestion.pk}"
    accept = reverse("rationale-accept", args=["study", video.public_id])
    assert theirs.strip() in client.post(accept, sent, **asks).content.decode()
    Draft.objects.create(video=video, rater=editor, arm="blind")
    for address in (accept, reverse("rationale-take-back", args=["study", video.public_id, edit.pk])):
        answer = client.post(address, sent, **asks)
        assert answer.status_code == 409
        assert "You are rating this video." in answer.content.decode()
        assert "canary" not in answer.content.decode()
    assert EditedRationale.objects.get() == edit
