"""The page behind a one-time link."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from annotation.models import Invitation, Membership, User
from annotation.projects.invite import LinkClosed, accept, accept_as_new_user, invite
from tests.make import make_member, make_project, make_user

ACCOUNT = {"username": "ada", "email": "Ada@Example.org", "password": "a-long-enough-word"}


@pytest.fixture
def project(db):
    return make_project(name="Autumn study")


def link_to(project, role="rater"):
    """The link's path, and its invitation."""
    invitation, link = invite(project, role)
    return link[link.index("/invitations/") :], invitation


def test_the_link_starts_with_the_sites_address(project, settings):
    settings.SITE_URL = "https://rate.example.org"
    assert invite(project, "rater")[1].startswith("https://rate.example.org/invitations/")


def test_a_new_person_makes_an_account_and_is_in(client, project):
    link, invitation = link_to(project)
    page = client.get(link).content.decode()
    assert "You are invited to Autumn study" in page
    assert "As a rater" in page
    answer = client.post(link, ACCOUNT)
    assert answer.url == reverse("project", args=[project.slug])
    person = User.objects.get()
    assert (person.username, person.email) == ("ada", "ada@example.org")
    assert person.check_password(ACCOUNT["password"])
    assert Membership.objects.get().role == "rater"
    assert client.session["_auth_user_id"] == str(person.pk)
    invitation.refresh_from_db()
    assert invitation.accepted_by == person


def test_they_log_in_again_by_name_and_by_address_in_any_case(client, project):
    client.post(link_to(project)[0], ACCOUNT)
    for login in ("ada", "ADA@example.org"):
        client.logout()
        client.post(reverse("account_login"), {"login": login, "password": ACCOUNT["password"]})
        assert "_auth_user_id" in client.session


def test_somebody_who_is_logged_in_joins_as_they_are(client, project):
    link, _ = link_to(project, "reviewer")
    person = make_user("grace")
    client.force_login(person)
    assert "Join as grace" in client.get(link).content.decode()
    client.post(link)
    assert Membership.objects.get(user=person).role == "reviewer"
    assert User.objects.count() == 1


def test_logging_in_first_leads_back_to_the_link(client, project):
    link, _ = link_to(project)
    login = f"{reverse('account_login')}?next={link}"
    assert login in client.get(link).content.decode()
    make_user("grace", "a-long-enough-word")
    answer = client.post(login, {"login": "grace", "password": "a-long-enough-word", "next": link})
    assert answer.url == link


def test_a_higher_role_is_taken_and_a_lower_one_leaves_the_link_unused(client, project):
    person = make_member(project, "reviewer")
    client.force_login(person)
    lower, unused = link_to(project, "rater")
    assert client.post(lower).url == reverse("project", args=[project.slug])
    unused.refresh_from_db()
    assert unused.accepted_at is None
    client.post(link_to(project, "lead")[0])
    assert Membership.objects.get(user=person).role == "lead"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"username": "GRACE"}, "This username is taken."),
        ({"username": "a b"}, "Enter a valid username."),
        ({"email": "GRACE@example.org"}, "There is an account with this address"),
        ({"email": "ada"}, "Enter a valid email address."),
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "password1234"}, "too common"),
        ({"username": "lovelace-1815", "password": "lovelace-1815"}, "too similar to the username"),
    ],
)
def test_a_wrong_account_is_refused_in_words_and_the_link_stays_open(client, project, wrong, words):
    make_user("grace")
    link, invitation = link_to(project)
    answer = client.post(link, ACCOUNT | wrong)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert User.objects.count() == 1
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_a_link_works_once(client, project):
    link, _ = link_to(project)
    client.post(link, ACCOUNT)
    client.logout()
    answer = client.get(link)
    assert answer.status_code == 410
    assert "This link has been used" in answer.content.decode()
    assert client.post(link, ACCOUNT | {"username": "eve", "email": "eve@example.org"}).status_code == 410
    client.force_login(make_user())
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert Membership.objects.count() == 1
    assert not User.objects.filter(username="eve").exists()


def test_whoever_used_it_is_led_into_the_project(client, project):
    link, _ = link_to(project)
    client.post(link, ACCOUNT)
    assert client.get(link).url == reverse("project", args=[project.slug])


@pytest.mark.parametrize("logged_in", [False, True])
def test_an_expired_link_says_so(client, project, logged_in):
    link, invitation = link_to(project)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    if logged_in:
        client.force_login(make_user())
    for answer in (client.get(link), client.post(link, ACCOUNT)):
        assert answer.status_code == 410
        assert "This link has expired" in answer.content.decode()
    assert not Membership.objects.exists()


def test_an_unknown_link_says_so_and_names_no_project(client, project):
    answer = client.get("/invitations/nonsense/")
    assert answer.status_code == 404
    assert "This link is not known" in answer.content.decode()
    assert "Autumn study" not in answer.content.decode()


def test_a_lost_race_leaves_no_account(project):
    _, invitation = link_to(project)
    accept(invitation, make_user())
    with pytest.raises(LinkClosed):
        accept_as_new_user(invitation, username="late", email="", password="a-long-enough-word")
    assert not User.objects.filter(username="late").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_accept_at_once_one_wins():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: threads race for one row")
    invitation, _ = invite(make_project(), "rater")
    people = [make_user() for _ in range(8)]
    start, outcomes = threading.Barrier(len(people)), []

    def act(person):
        start.wait()
        try:
            accept(invitation, person)
            outcomes.append("in")
        except LinkClosed:
            outcomes.append("closed")
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["closed"] * 7 + ["in"]
    assert Membership.objects.get().user == Invitation.objects.get().accepted_by


def test_sign_up_is_closed(client, db):
    sent = {"email": "eve@example.org", "username": "eve", "password1": "a-long-word"}
    assert client.post("/accounts/signup/", sent).status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "account_reset_password_done"])
def test_account_pages_stand_in_our_frame(client, db, name):
    page = client.get(reverse(name)).content.decode()
    assert "Screening<span>·</span>Room" in page
    assert "Sign Up" not in page


def test_a_forgotten_password_is_chosen_anew_by_mail(client, project, mailoutbox):
    client.post(link_to(project)[0], ACCOUNT)
    client.logout()
    client.post(reverse("account_reset_password"), {"email": "ada@example.org"})
    body = mailoutbox[0].body
    address = body[body.index("http") :].split()[0]
    page = client.get(address, follow=True)
    assert "Choose a new password" in page.content.decode()
    new = {"password1": "another-long-word", "password2": "another-long-word"}
    client.post(page.request["PATH_INFO"], new)
    assert User.objects.get().check_password("another-long-word")
