"""The seats of a video on its page: a lead frees them and hands them to somebody."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import Membership, Seat, Skip, Video
from annotation.room.next import next_draft
from annotation.room.queue import lease_next, lease_on
from annotation.room.submit import submit
from tests.make import make_member, make_project, make_rating, make_video
from tests.rating import answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def lead(client, project):
    lead = make_member(project, "lead")
    client.force_login(lead)
    return lead


def membership(user):
    return Membership.objects.get(user=user)


def act(client, name, video, number=1, **fields):
    address = reverse(name, args=[video.project.slug, video.public_id, number])
    return client.post(address, fields, follow=True)


def test_the_page_shows_each_seat_with_its_holder_and_until_when(client, lead):
    project = make_project(overlap=4)
    Membership.objects.create(project=project, user=lead, role="lead")
    video, names = make_video(project), ("ada", "bob", "cem")
    people = [make_member(project, username=name) for name in names]
    for person in people:
        lease_next(project, person)
    Seat.objects.filter(holder=people[1]).update(leased_until=timezone.now() - timezone.timedelta(minutes=1))
    Seat.objects.filter(holder=people[2]).update(leased_until=None, filled_at=timezone.now())
    page = client.get(reverse("video", args=[project.slug, video.public_id])).content.decode()
    for words in ("held by ada until", "bob has not come back", "filled by cem", ">free</td>"):
        assert words in page
    assert page.count("Hand over</button>") == 3
    client.force_login(make_member(project, "reviewer"))
    page = client.get(reverse("video", args=[project.slug, video.public_id])).content.decode()
    assert "held by ada until" in page
    assert "Hand over</button>" not in page


def test_a_seat_that_is_handed_over_comes_next_and_its_former_holder_is_kept_as_extra(client, project, lead):
    video, slow, quick = make_video(project), make_member(project), make_member(project)
    lease_next(project, slow)
    draft = next_draft(membership(slow))
    page = act(client, "seat-give", video, member=membership(quick).pk).content.decode()
    assert f"Seat 1 waits for {quick.username}." in page
    assert lease_on(video, slow) is None
    Seat.objects.update(leased_until=timezone.now() + timezone.timedelta(hours=23))
    assert next_draft(membership(quick)).video == video
    late = submit(video=video, rater=slow, answers=answers(), revision=0, submit_key=draft.submit_key)
    own = next_draft(membership(quick))
    counted = submit(video=video, rater=quick, answers=answers(), revision=0, submit_key=own.submit_key)
    assert (late.extra, counted.extra) == (True, False)


def test_a_freed_seat_is_the_next_persons(client, project, lead):
    video, gone, other = make_video(project), make_member(project), make_member(project)
    lease_next(project, gone)
    assert lease_next(project, other) is None
    act(client, "seat-free", video)
    assert lease_next(project, other).video == video


@pytest.mark.parametrize(
    "case", ["rated", "skipped", "holds", "paused", "filled", "unplayable", "stranger", "nobody"]
)
def test_a_seat_is_not_handed_to_whom_it_cannot_help(client, lead, case):
    project = make_project(overlap=2)
    Membership.objects.create(project=project, user=lead, role="lead")
    video, rater = make_video(project), make_member(project)
    if case == "rated":
        make_rating(video, rater)
    elif case == "skipped":
        Skip.objects.create(video=video, rater=rater, reason="black")
    elif case == "holds":
        lease_next(project, rater)
    elif case == "paused":
        Membership.objects.filter(user=rater).update(paused=True)
    elif case == "filled":
        Seat.objects.filter(number=2).update(filled_at=timezone.now())
    elif case == "unplayable":
        Video.objects.update(media_state="failed")
    elif case == "stranger":
        rater = make_member(make_project())
    before = list(Seat.objects.order_by("pk").values())
    member = "" if case == "nobody" else membership(rater).pk
    page = act(client, "seat-give", video, 2, member=member).content.decode()
    words = {
        "rated": "They have rated this video already.",
        "skipped": "They have skipped this video.",
        "holds": "They hold a seat of this video already.",
        "paused": "They are paused.",
        "filled": "That seat is filled",
        "unplayable": "This video cannot be played",
    }
    assert words.get(case, "Choose somebody of this project.") in page
    assert list(Seat.objects.order_by("pk").values()) == before


def test_a_filled_seat_is_not_freed_and_a_foreign_one_not_there(client, project, lead):
    video = make_video(project)
    Seat.objects.update(holder=lead, filled_at=timezone.now())
    assert "That seat is filled" in act(client, "seat-free", video).content.decode()
    assert Seat.objects.get().filled_at
    foreign = make_video(make_project())
    for name in ("seat-free", "seat-give"):
        address = reverse(name, args=[project.slug, foreign.public_id, 1])
        assert client.post(address, {"member": membership(lead).pk}).status_code == 404
        assert act(client, name, video, 9).status_code == 404
