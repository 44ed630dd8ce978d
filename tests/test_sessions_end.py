"""When sessions end: with a password, a role, a membership or a second factor; and whose does not."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Membership, User
from annotation.projects.invite import accept, invite
from tests.make import make_member, make_project

pytestmark = pytest.mark.django_db
WORD, NEW = "a-long-enough-word", "another-long-word"


def browser(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def is_in(client) -> bool:
    return client.get(reverse("projects")).status_code == 200


@pytest.fixture
def project():
    return make_project("autumn")


@pytest.fixture
def lead(project):
    return make_member(project, "lead", "ada", WORD)


def change(client, route, member, **data):
    pk = Membership.objects.get(user=member).pk
    return client.post(reverse(route, args=["autumn", pk]), data)


@pytest.mark.parametrize(("route", "data"), [("member-role", {"role": "reviewer"}), ("member-remove", {})])
def test_another_role_and_the_end_of_a_membership_end_all_sessions_of_that_person(project, lead, route, data):
    rater, beside = make_member(project), make_member(project)
    here, there, other = browser(rater), browser(rater), browser(beside)
    desk = browser(lead)
    change(desk, route, rater, **data)
    assert [is_in(one) for one in (here, there, other, desk)] == [False, False, True, True]


def test_what_does_not_change_ends_nothing_and_neither_does_a_pause(project, lead):
    rater = make_member(project)
    here, desk = browser(rater), browser(lead)
    change(desk, "member-role", rater, role="rater")
    change(desk, "member-pause", rater)
    assert is_in(here)


def test_who_steps_back_stays_where_they_did_it_and_nowhere_else(project, lead):
    make_member(project, "lead")
    desk, telephone = browser(lead), browser(lead)
    change(desk, "member-role", lead, role="rater")
    assert is_in(desk)
    assert not is_in(telephone)
    assert desk.get(reverse("project-members", args=["autumn"])).status_code == 404


def test_a_new_password_ends_every_session_but_the_one_that_chose_it(lead):
    desk, telephone = browser(lead), browser(lead)
    sent = {"oldpassword": WORD, "password1": NEW, "password2": NEW}
    assert desk.post(reverse("account_change_password"), sent).status_code == 302
    assert is_in(desk)
    assert not is_in(telephone)


def test_a_password_chosen_by_mail_ends_every_session(lead, mailoutbox):
    desk, stranger = browser(lead), Client()
    stranger.post(reverse("account_reset_password"), {"email": lead.email})
    [mail] = mailoutbox
    assert "Screening Room" in mail.subject
    assert "ada" in mail.body
    page = stranger.get(mail.body[mail.body.index("http") :].split()[0], follow=True)
    answer = stranger.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Your new password is set" in answer.content.decode()
    assert not is_in(desk)
    assert not is_in(stranger), "a link in a mail is no login: the second factor is still to be asked for"
    assert User.objects.get(pk=lead.pk).check_password(NEW)


def test_joining_by_a_link_ends_no_session(project):
    rater = make_member(make_project("winter"))
    here = browser(rater)
    accept(invite(project, "lead")[0], rater)
    assert is_in(here)


def test_an_upgrade_ends_no_session(lead):
    """Somebody whose sessions were never ended has the hash that Django itself makes."""
    assert lead.session_epoch == 0
    assert lead.get_session_auth_hash() == super(User, lead).get_session_auth_hash()
    before = super(User, lead)._get_session_auth_hash()
    assert lead.get_session_auth_hash() == before
    lead.end_sessions()
    assert lead.get_session_auth_hash() != before


def test_a_cookie_that_no_database_can_hold_is_nobodys_session(client):
    answer = client.get(reverse("projects"), headers={"cookie": r'sessionid="aaaaaaaa\000aaaaaaaa"'})
    assert answer.status_code == 302
