"""The people of a project, as its lead sees and changes them."""

import threading

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotation.models import Invitation, Membership
from annotation.projects.members import LastLead, change_role, remove
from tests.make import make_member, make_project, make_rating, make_video


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
    assert rows["ada"] == (1, 2)
    assert rows[lead.username] == (0, 0)


def test_the_page_takes_the_same_queries_for_two_people_and_thirty(
    client, project, lead, django_assert_num_queries
):
    make_rating(make_video(project), make_member(project))
    with django_assert_num_queries(6):  # session, person, membership, counts, people, invitations
        client.get(url("project-members", project))
    for _ in range(28):
        make_rating(make_video(project), make_member(project))
    with django_assert_num_queries(6):
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
    client.force_login(rater)
    assert client.get(url("project", project)).status_code == 404


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
