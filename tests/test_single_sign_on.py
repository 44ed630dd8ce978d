"""Logging in at the organisation's own server: who comes in, and who does not, through every redirect."""

import datetime

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from annotation.models import AuditEntry, Invitation, Membership, User
from annotation.projects.invite import invite
from config.logins import openid_connect
from tests.codes import code_now, give_factor
from tests.make import make_member, make_project, make_user
from tests.openid_server import CLIENT, SECRET, openid_server

pytestmark = pytest.mark.django_db
ADA = {
    "sub": "7",
    "email": "Ada@Example.org",
    "email_verified": True,
    "preferred_username": "ada",
    "name": "Ada L.",
}


@pytest.fixture
def server(settings):
    with openid_server() as server:
        settings.OIDC_NAME = "Lab of Films"
        settings.SOCIALACCOUNT_PROVIDERS = openid_connect(server.address, CLIENT, SECRET, "Lab of Films")
        server.claims = dict(ADA)
        yield server


def come_in(client, next_page=""):
    """Follow the link of the login page, there and back; the answer to the callback."""
    page = client.get(reverse("account_login") + next_page)
    assert "Log in with Lab of Films" in page.content.decode()
    away = client.get(reverse("openid_connect_login") + next_page)
    assert away.status_code == 302
    back = requests.get(away["Location"], allow_redirects=False, timeout=10)
    return client.get(back.headers["Location"].partition("testserver")[2])


def who_is_in(client):
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else None


def test_somebody_with_an_account_under_the_verified_address_is_in(client, server):
    User.objects.create_user("lovelace", "ada@example.org", "a-password-of-somebody")
    answer = come_in(client, f"?next={reverse('account_change_password')}")
    assert answer["Location"] == reverse("account_change_password")
    assert who_is_in(client) == "lovelace"
    assert not User.objects.get().has_usable_password(), "whoever set it never proved that the address is theirs"
    assert set(AuditEntry.objects.values_list("kind", flat=True)) == {"linked", "logged_in"}
    client.logout()
    server.claims |= {"email": "ada@elsewhere.org", "email_verified": False}  # linked by `sub` from now on
    come_in(client)
    assert who_is_in(client) == "lovelace"


def test_the_owner_of_an_account_is_told_that_the_servers_login_opens_it(
    client, server, mailoutbox, django_capture_on_commit_callbacks
):
    make_user("ada")
    for told in (1, 1):  # by the first login alone
        with django_capture_on_commit_callbacks(execute=True):
            come_in(client)
        assert len(mailoutbox) == told
    assert mailoutbox[0].to == ["ada@example.org"]
    assert "Your organisation’s login opens this account" in mailoutbox[0].body


def test_somebody_who_was_invited_under_it_gets_an_account_in_those_projects(client, server):
    make_user("ada")
    one, other, third = make_project("one"), make_project("other"), make_project("third")
    invite(one, "rater", email="ada@EXAMPLE.org")
    invite(other, "lead", email="ada@example.org")
    past, _ = invite(third, "lead", email="ada@example.org")
    Invitation.objects.filter(pk=past.pk).update(expires_at=timezone.now() - datetime.timedelta(days=1))
    User.objects.filter(username="ada").update(email="another@example.org")
    come_in(client)
    assert who_is_in(client) == "ada-2"
    roles = Membership.objects.filter(user__username="ada-2").values_list("project__slug", "role")
    assert set(roles) == {("one", "rater"), ("other", "lead")}
    assert not User.objects.get(username="ada-2").has_usable_password()


@pytest.mark.parametrize(
    "claims",
    [{"email": "eve@example.org"}, {"email_verified": False}, {"email_verified": "false"}, {"email": ""}],
    ids=["stranger", "unverified", "unverified in words", "no address"],
)
def test_nobody_else_comes_in_and_no_account_is_made(client, server, claims):
    make_user("ada")
    server.claims |= claims
    answer = come_in(client)
    assert answer.status_code == 403
    assert "Ask" in answer.content.decode()
    assert who_is_in(client) is None
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 0)


def test_an_address_that_the_database_takes_for_anothers_is_not_theirs(client, server):
    make_user("kim")
    invite(make_project(), "lead", email="kit@example.org")
    for alike in ("k\N{LATIN SMALL LETTER DOTLESS I}m", "\N{KELVIN SIGN}im", "k\N{LATIN SMALL LETTER DOTLESS I}t"):
        server.claims |= {"sub": alike, "email": f"{alike}@example.org"}
        assert come_in(client).status_code == 403
        assert who_is_in(client) is None
    assert not SocialAccount.objects.exists()


def test_a_closed_account_stays_closed_and_its_address_makes_no_second_one(client, server):
    ada = make_user("ada")
    User.objects.update(is_active=False)
    invite(make_project(), "lead", email=ada.email)
    assert come_in(client).status_code == 403
    assert User.objects.count() == 1


def test_nobody_links_another_login_to_the_account_that_they_are_in(client, server):
    make_user("ada")
    client.force_login(make_user("eve"))
    away = client.get(reverse("openid_connect_login") + "?process=connect")
    back = requests.get(away["Location"], allow_redirects=False, timeout=10)
    assert client.get(back.headers["Location"].partition("testserver")[2]).status_code == 403
    assert not SocialAccount.objects.exists()


def test_who_logs_in_there_gives_themselves_no_password_here(client, server):
    make_user("ada")
    come_in(client)
    page = client.get(reverse("account_change_password"), follow=True)
    assert page.redirect_chain == [(reverse("account_set_password"), 302)]
    assert "You log in with Lab of Films" in page.content.decode()
    sent = {"password1": "a-long-enough-word", "password2": "a-long-enough-word"}
    assert client.post(reverse("account_set_password"), sent).status_code == 405
    assert not User.objects.get().has_usable_password()


def test_a_second_factor_is_asked_for_all_the_same(client, server):
    give_factor(make_user("ada"))
    assert come_in(client)["Location"] == reverse("mfa_authenticate")
    assert who_is_in(client) is None
    client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert who_is_in(client) == "ada"


def test_an_answer_to_another_question_opens_nothing(client, server):
    make_user("ada")
    away = client.get(reverse("openid_connect_login"))
    back = requests.get(away["Location"], allow_redirects=False, timeout=10).headers["Location"]
    forged = back.partition("testserver")[2].replace("state=", "state=x")
    assert client.get(forged).status_code == 401
    assert who_is_in(client) is None


def test_a_login_that_is_refused_there_or_a_server_that_is_gone_is_said_in_our_frame(client, server):
    server.refusal = "access_denied"
    assert come_in(client)["Location"] == reverse("socialaccount_login_cancelled")
    server.refusal = "server_error"
    answer = come_in(client)
    assert (answer.status_code, "Screening<span>·</span>Room" in answer.content.decode()) == (401, True)


def test_a_server_that_does_not_answer_is_said_in_our_frame(client, settings):
    settings.SOCIALACCOUNT_PROVIDERS = openid_connect("http://127.0.0.1:9", CLIENT, SECRET, "Lab")
    answer = client.get(reverse("openid_connect_login"))
    assert (answer.status_code, "That login did not work" in answer.content.decode()) == (401, True)


def test_without_a_server_there_is_no_such_way_in(client):
    assert "Log in with" not in client.get(reverse("account_login")).content.decode()
    for route in ("openid_connect_login", "openid_connect_callback"):
        assert client.get(reverse(route)).status_code == 404


def test_half_a_setting_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match="OIDC_SECRET"):
        openid_connect("https://login.example.org", "screening-room", "", "Lab")


def test_a_member_keeps_their_ways_in_to_projects(client, server):
    project = make_project("autumn")
    make_member(project, "rater", "ada")
    come_in(client)
    assert client.get(reverse("rate", args=["autumn"])).status_code == 200
