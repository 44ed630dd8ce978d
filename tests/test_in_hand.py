"""Whoever has a rating of a video begun sees nothing of others or of a model on its pages, whatever their role."""

import pytest
from django.urls import reverse

from annotation.models import Draft, Membership, ReviewCase, Role
from annotation.review.own_work import may_decide
from annotation.room.settle import settle
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
