"""Takedowns and deletions beside people at work: real threads, each on a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from annotation.models import Draft, Invitation, Membership, Project, Rating, Skip, User, Video
from annotation.projects.invite import invite
from annotation.room.queue import lease_next
from annotation.room.skip import skip
from annotation.room.submit import submit
from datasets_app.takedown.project import ask_for_deletion, go_on_deleting
from datasets_app.takedown.video import take_down
from tests.make import make_member, make_project, make_rating, make_user, make_video
from tests.rating import answers, in_threads, sent
from tests.test_takedown import on_its_own_connection, somebody_waits_for_us
from tests.worker import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def delete_project(video):
    assert go_on_deleting(ask_for_deletion(video.project).pk)


@pytest.mark.parametrize("goes", [take_down, delete_project])
@pytest.mark.parametrize("ends", ["submit", "skip"])
def test_who_has_the_seat_in_hand_ends_the_work_and_the_video_goes_after_it(goes, ends):
    project = make_project()
    video, rater = make_video(project), make_member(project)
    lease_next(project, rater)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lease_next(project, rater)
            going = pool.submit(on_its_own_connection, goes, video)
            wait_until(somebody_waits_for_us, seconds=60)
            if ends == "submit":
                key = Draft.objects.get(video=video).submit_key
                submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=key)
            else:
                skip(video=video, rater=rater, reason="broken")
        going.result()
    assert not Video.objects.exists()
    assert not Rating.objects.exists()
    assert not Skip.objects.exists()


def test_whoever_rates_while_their_videos_are_taken_down_is_told_and_nothing_fails():
    project = make_project(overlap=6)
    raters = [make_member(project) for _ in range(6)]
    for _ in range(15):
        video = make_video(project)
        acts = [partial(take_down, video), *(partial(_rate, rater) for rater in raters)]
        told = in_threads(lambda act: act(), acts)
        assert {None, 200, 204, 404, 409} >= {*told}, told
        assert not Video.objects.exists()


def _rate(rater):
    """Ask for a video and submit it, by the addresses of the room; the last answer's status."""
    client = Client(headers={"accept": "application/json"})
    client.force_login(rater)
    slug = Project.objects.get().slug
    answer = client.get(reverse("rate-next", args=[slug]))
    draft = Draft.objects.filter(rater=rater).select_related("video").first()
    if draft is None:
        return answer.status_code
    address = [slug, draft.video.public_id]
    if rater.pk % 2:
        return client.post(reverse("rate-skip", args=address), {"reason": "broken"}).status_code
    return client.post(reverse("rate-submit", args=address), sent(draft)).status_code


@pytest.mark.parametrize("name", ["rate-skip", "rate-mine-edit", "rate-take-back"])
def test_who_acts_on_a_video_that_is_just_taken_down_is_told_so(name):
    project = make_project()
    video, rater = make_video(project), make_member(project)
    rating = make_rating(video, rater) if name != "rate-skip" else None
    client = Client(headers={"accept": "application/json"})
    client.force_login(rater)
    address = reverse(name, args=[project.slug, rating.pk if name == "rate-mine-edit" else video.public_id])
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            take_down(video)
            asked = pool.submit(on_its_own_connection, client.post, address, {"reason": "broken"})
            wait_until(somebody_waits_for_us, seconds=60)
        assert asked.result().status_code in (404, 409)
    assert connection.is_usable()


@pytest.mark.parametrize("is_known", [True, False])
def test_an_invitation_that_is_accepted_while_its_project_is_deleted_ends_in_words(is_known):
    project, client, person = make_project(), Client(), make_user()
    _, link = invite(project, "lead")
    if is_known:
        client.force_login(person)
    account = {"username": "ada", "email": "ada@example.org", "password": "a-long-enough-word"}
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ask_for_deletion(project)
            asked = pool.submit(on_its_own_connection, client.post, link[link.index("/invitations/") :], account)
            wait_until(somebody_waits_for_us, seconds=60)
        answer = asked.result()
    assert (answer.status_code, "its project was deleted" in answer.content.decode()) == (404, True)
    assert not Membership.objects.exists()
    assert list(User.objects.all()) == [person]


def test_nobody_is_invited_into_a_project_that_is_just_deleted():
    project, client = make_project(), Client()
    client.force_login(make_member(project, "lead"))
    address = reverse("project-invite", args=[project.slug])
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ask_for_deletion(project)
            asked = pool.submit(on_its_own_connection, client.post, address, {"role": "rater"})
            wait_until(somebody_waits_for_us, seconds=60)
        assert asked.result().status_code == 404
    assert not Invitation.objects.exists()
