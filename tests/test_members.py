"""The people of a project, as its lead sees and changes them."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotation.models import Draft, Invitation, Membership, Rating, ReviewCase, Seat
from annotation.projects.members import LastLead, change_role, remove
from annotation.review.decide import Seen, send_back
from annotation.room.allowance import taken_today
from annotation.room.drafts import save_draft
from annotation.room.next import next_draft
from annotation.room.progress import midnight
from annotation.room.queue import lease_next, lease_on
from annotation.room.submit import submit
from tests.make import make_member, make_project, make_rating, make_video
from tests.rating import answers


@pytest.fixture
def project(db):
    return make_project(overlap=2)


@pytest.fixture
def lead(client, project):
    lead = make_member(project, "lead")
    client.force_login(lead)
    return lead


def url(name, project, *args):
    return reverse(name, args=[project.slug, *args])


def two_seats(project, rater):
    first = lease_next(project, rater)
    return [first, lease_next(project, rater, after=first.video)]


def membership(user):
    return Membership.objects.get(user=user)


def test_people_stand_with_their_ratings_of_today_and_all(client, project, lead):
    rater = make_member(project, username="ada")
    old = make_rating(make_video(project), rater)
    type(old).objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timezone.timedelta(days=3))
    make_rating(make_video(project), rater)
    make_rating(make_video(project), rater, live=False, withdrawn_at=timezone.now())
    rows = {
        row[0].user.username: row[1:] for row in client.get(url("project-members", project)).context["members"]
    }
    assert rows["ada"] == (1, 2, [])
    assert rows[lead.username] == (0, 0, [])


def test_the_page_takes_the_same_queries_for_two_people_and_thirty(
    client, project, lead, django_assert_num_queries
):
    make_rating(make_video(project), make_member(project))
    with django_assert_num_queries(7):  # session, person, membership, counts, seats held, people, invitations
        client.get(url("project-members", project))
    for _ in range(28):
        rater = make_member(project)
        make_rating(make_video(project), rater)
        lease_next(project, rater)
    with django_assert_num_queries(7):
        client.get(url("project-members", project))


def test_a_role_is_changed(client, project, lead):
    rater = make_member(project)
    client.post(url("member-role", project, membership(rater).pk), {"role": "reviewer"})
    assert membership(rater).role == "reviewer"
    client.post(url("member-role", project, membership(rater).pk), {"role": "emperor"})
    assert membership(rater).role == "reviewer"


def test_a_removed_member_keeps_their_ratings_and_gives_back_their_seat(client, project, lead):
    rater = make_member(project)
    rating = make_rating(make_video(project), rater)
    seat = make_video(project).seats.first()
    seat.holder, seat.leased_until = rater, timezone.now() + timezone.timedelta(minutes=5)
    seat.save()
    client.post(url("member-remove", project, membership(rater).pk))
    seat.refresh_from_db()
    rating.refresh_from_db()
    assert not Membership.objects.filter(user=rater).exists()
    assert (seat.holder, seat.leased_until) == (None, None)
    assert rating.live
    rater.refresh_from_db()
    client.force_login(rater)
    assert client.get(url("project", project)).status_code == 404


def test_what_was_returned_to_somebody_who_leaves_waits_for_a_reviewer_again(client, project, lead):
    rater, video = make_member(project), make_video(project)
    rating = make_rating(video, rater, flagged=True)
    seen = Seen(frozenset([rating.pk]), 0)
    send_back(video, membership(lead), seen, rating=rating, preset="vague", words="")
    save_draft(video=video, rater=rater, answers=answers(), revision=0)
    assert ReviewCase.objects.get().state == "returned"
    client.post(url("member-remove", project, membership(rater).pk))
    assert ReviewCase.objects.get().state == "open"
    draft = Draft.objects.get()  # what they wrote is there if they come back
    assert (draft.stage, draft.revises, draft.visual_quality_reason) == ("edit", rating, "sharp")


def test_the_page_says_what_each_holds_and_until_when(client, project, lead):
    rater = make_member(project)
    make_video(project), make_video(project)
    fresh, lapsed = two_seats(project, rater)
    Seat.objects.filter(pk=lapsed.pk).update(leased_until=timezone.now() - timezone.timedelta(minutes=5))
    page = client.get(url("project-members", project)).content.decode()
    assert "2 videos" in page
    assert page.index(lapsed.video.name) < page.index("lapsed: anybody may take it") < page.index(fresh.video.name)


def test_a_paused_rater_gets_nothing_and_what_they_held_is_free_at_once(client, project, lead):
    rater, other = make_member(project), make_member(project)
    project.overlap = 1
    make_video(project)
    seat = lease_next(project, rater)
    client.post(url("member-pause", project, membership(rater).pk))
    assert next_draft(membership(rater)) is None
    assert lease_on(seat.video, rater) is None
    assert lease_next(project, other).video == seat.video
    assert "paused" in client.get(url("project-members", project)).content.decode()


def test_what_a_rater_had_begun_comes_back_when_they_go_on(client, project, lead):
    rater, other = make_member(project), make_member(project)
    begun, untouched = make_video(project), make_video(project)
    for seat in two_seats(project, rater):
        words = answers(reasons=("half a", "", "")) if seat.video == begun else None
        if words:
            save_draft(video=begun, rater=rater, answers=words, revision=0)
    client.post(url("member-pause", project, membership(rater).pk))
    save_draft(video=begun, rater=rater, answers=answers(reasons=("half a sentence", "", "")), revision=1)
    client.post(url("member-go-on", project, membership(rater).pk))
    assert [seat.video for seat in Seat.objects.held_by(rater)] == [begun]
    draft = next_draft(membership(rater))
    assert (draft.video, draft.visual_quality_reason) == (begun, "half a sentence")
    client.post(url("member-pause", project, membership(rater).pk))
    Seat.objects.filter(video=begun).update(holder=None, leased_until=None, filled_at=timezone.now())
    client.post(url("member-go-on", project, membership(rater).pk))
    assert not Seat.objects.held_by(rater).exists()
    late = submit(video=begun, rater=rater, answers=answers(), revision=2, submit_key=draft.submit_key)
    assert late.extra
    assert lease_next(project, other).video == untouched


def test_a_daily_cap_is_set_and_taken_away(client, project, lead):
    rater = make_member(project)
    make_video(project), make_video(project)
    address = url("member-cap", project, membership(rater).pk)
    client.post(address, {"daily_cap": "1"})
    first = next_draft(membership(rater))
    assert next_draft(membership(rater), after=first.video) is None
    for wrong in ("0", "-3", "many", "10000"):
        page = client.post(address, {"daily_cap": wrong}, follow=True).content.decode()
        assert "A daily cap is a number from 1 to 9999" in page
    assert membership(rater).daily_cap == 1
    client.post(address, {"daily_cap": ""})
    assert next_draft(membership(rater), after=first.video) is not None


def test_the_cap_counts_what_was_submitted_today_and_what_is_held(client, project, lead):
    rater = make_member(project)
    yesterday = make_rating(make_video(project), rater)
    Rating.objects.filter(pk=yesterday.pk).update(submitted_at=midnight() - timezone.timedelta(seconds=1))
    first = make_rating(make_video(project), rater)
    Rating.objects.filter(pk=first.pk).update(submitted_at=midnight(), live=False)
    make_rating(first.video, rater, version=2, stage="edit", revises=first)
    taken_back = make_rating(make_video(project), rater, live=False, withdrawn_at=timezone.now())
    taken_back.video.seats.all().delete()
    make_rating(make_video(project), rater, imported=True)
    elsewhere = make_project()
    Membership.objects.create(project=elsewhere, user=rater, role="rater")
    make_rating(make_video(elsewhere), rater)
    make_video(project)
    assert taken_today(project, rater) == 1
    lease_next(project, rater)
    assert taken_today(project, rater) == 2


@pytest.mark.parametrize(
    ("place", "now", "began"),
    [
        ("Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z"),  # the clock went forward at two
        ("Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z"),  # and back at three
        ("America/Havana", "2026-11-01T05:30Z", "2026-11-01T04:00Z"),  # half past midnight for the second time
        ("Africa/Cairo", "2026-04-24T10:00Z", "2026-04-23T22:00Z"),  # a day without a midnight
    ],
)
def test_a_day_begins_at_midnight_also_where_the_clock_is_changed(monkeypatch, place, now, began):
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(now))
    with timezone.override(place):
        assert midnight().astimezone(UTC) == datetime.fromisoformat(began)


def test_a_lead_frees_what_a_rater_holds(client, project, lead):
    rater = make_member(project)
    make_video(project), make_video(make_project())
    lease_next(project, rater)
    elsewhere = make_project()
    Membership.objects.create(project=elsewhere, user=rater, role="rater")
    make_video(elsewhere)
    lease_next(elsewhere, rater)
    client.post(url("member-free", project, Membership.objects.get(project=project, user=rater).pk))
    assert [seat.video.project for seat in Seat.objects.held_by(rater)] == [elsewhere]
    assert Draft.objects.filter(rater=rater).count() == 2


@pytest.mark.parametrize("act", ["remove", "demote"])
def test_the_last_lead_stays(client, project, lead, act):
    if act == "remove":
        answer = client.post(url("member-remove", project, membership(lead).pk), follow=True)
    else:
        answer = client.post(url("member-role", project, membership(lead).pk), {"role": "rater"}, follow=True)
    assert "A project needs a lead." in answer.content.decode()
    assert membership(lead).role == "lead"


def test_one_of_two_leads_may_leave_and_lands_outside(client, project, lead):
    make_member(project, "lead")
    answer = client.post(url("member-remove", project, membership(lead).pk))
    assert answer.url == reverse("projects")
    assert client.get(url("project-members", project)).status_code == 404


def test_a_member_of_another_project_is_out_of_reach(client, project, lead):
    other = membership(make_member(make_project()))
    assert client.post(url("member-remove", project, other.pk)).status_code == 404
    assert client.post(url("member-role", project, other.pk), {"role": "lead"}).status_code == 404
    for name in ("member-pause", "member-go-on", "member-free", "member-cap"):
        assert client.post(url(name, project, other.pk), {"daily_cap": 1}).status_code == 404
    assert membership(other.user).role == "rater"


def test_the_new_link_is_shown_once_and_only_its_hash_is_stored(client, project, lead):
    answer = client.post(url("project-invite", project), {"role": "rater", "email": "ada@example.org"})
    link = answer.context["link"]
    token = link.rstrip("/").rsplit("/", 1)[1]
    invitation = Invitation.objects.get()
    assert link in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert invitation.token_sha256 == Invitation.hash_token(token)
    assert token not in str(vars(invitation))
    assert token not in client.get(url("project-members", project)).content.decode()
    assert "ada@example.org" in client.get(url("project-members", project)).content.decode()


def test_an_invitation_needs_a_known_role_and_a_plausible_address(client, project, lead):
    for wrong in ({"role": "emperor"}, {"role": "rater", "email": "ada"}):
        assert client.post(url("project-invite", project), wrong).status_code == 422
    assert not Invitation.objects.exists()


def test_a_revoked_link_opens_nothing(client, project, lead):
    link = client.post(url("project-invite", project), {"role": "rater"}).context["link"]
    client.post(url("invitation-revoke", project, Invitation.objects.get().pk))
    client.logout()
    assert client.get(link[link.index("/invitations/") :]).status_code == 404


def test_an_accepted_invitation_and_one_of_another_project_cannot_be_revoked(client, project, lead):
    later = timezone.now() + timezone.timedelta(days=1)
    fields = {"role": "rater", "expires_at": later}
    accepted = Invitation.objects.create(project=project, token_sha256="a", accepted_at=timezone.now(), **fields)
    foreign = Invitation.objects.create(project=make_project(), token_sha256="b", **fields)
    for invitation in (accepted, foreign):
        assert client.post(url("invitation-revoke", project, invitation.pk)).status_code == 404
    assert Invitation.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_remove_each_other_at_once_leave_one():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: two threads change one table")
    project = make_project()
    leads = [membership(make_member(project, "lead")) for _ in range(2)]
    start, refused = threading.Barrier(2), []

    def act(target, change):
        start.wait()
        try:
            change(target)
        except LastLead:
            refused.append(target)
        finally:
            connection.close()

    changes = [(leads[0], remove), (leads[1], lambda lead: change_role(lead, "rater"))]
    threads = [threading.Thread(target=act, args=change) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(project=project, role="lead").count() == 1
