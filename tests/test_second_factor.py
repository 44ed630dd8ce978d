"""A second factor at login: set up, asked for, guessed at, lost, and required of leads."""

import re
import time
from importlib import import_module

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.apps import apps
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.models import AuditEntry
from tests.browser import check_access, make_clip
from tests.codes import SECRET, code_now, give_factor, make_secured
from tests.make import make_member, make_project, make_suggestion

WORD = "a-long-enough-word"
encryption = import_module("annotation.migrations.0008_encrypt_second_factors")


@pytest.fixture(autouse=True)
def _nobody_has_guessed_yet():
    cache.clear()


def log_in(client, user, word=WORD):
    return client.post(reverse("account_login"), {"login": user.username, "password": word})


def give_code(client, code):
    return client.post(reverse("mfa_authenticate"), {"code": code})


def logged_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.django_db
def test_it_is_set_up_with_what_the_page_shows_and_asked_for_from_then_on(
    client, django_capture_on_commit_callbacks
):
    person = make_member(make_project(), password=WORD)
    log_in(client, person)
    page = client.get(reverse("mfa_activate_totp"))
    secret = re.search(r'id="secret"[^>]* value="([A-Z2-7]+)"', page.content.decode())[1]
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert wrong.status_code == 200
    assert not Authenticator.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)}, follow=True)
    codes = re.findall(
        r"^(?:<textarea[^>]*>)?(\d{8})",
        answer.content.decode().split("<textarea")[1].split(">", 1)[1],
        re.MULTILINE,
    )
    assert len(codes) == 10
    client.logout()
    assert log_in(client, person)["Location"] == reverse("mfa_authenticate")
    assert not logged_in(client)
    assert client.get(reverse("projects")).status_code == 302
    cache.clear()  # the same half minute's code is refused twice
    give_code(client, code_now(secret))
    assert logged_in(client)
    assert list(AuditEntry.objects.order_by("pk").values_list("kind", flat=True)) == [
        "logged_in",
        "factor_added",
        "logged_in",
    ]


@pytest.mark.django_db
def test_a_code_works_once_and_so_does_a_recovery_code(client):
    person, codes = make_secured(password=WORD)
    code = code_now()
    for given, is_in in [(code, True), (code, False), (codes[0], True), (codes[0], False)]:
        client.logout()
        log_in(client, person)
        give_code(client, given)
        assert logged_in(client) == is_in, given


@pytest.mark.django_db
def test_the_database_does_not_hold_what_codes_are_made_from():
    make_secured()
    held = {row.type: row for row in Authenticator.objects.all()}
    assert held["totp"].data["secret"] != SECRET
    assert get_adapter().decrypt(held["totp"].data["secret"]) == SECRET
    assert re.fullmatch("[0-9a-f]{80}", get_adapter().decrypt(held["recovery_codes"].data["seed"]))
    assert not re.search("[0-9a-f]{40}", str(held["recovery_codes"].data))


@pytest.mark.django_db
def test_a_factor_from_before_they_were_encrypted_still_works(client):
    person, _ = make_secured(password=WORD)
    encryption.decrypt_all(apps, None)
    assert Authenticator.objects.get(type="totp").data["secret"] == SECRET
    as_it_was = {"seed": "0f" * 40, "used_mask": 1}
    Authenticator.objects.filter(type="recovery_codes").update(data=as_it_was)
    encryption.encrypt_all(apps, None)
    assert Authenticator.objects.get(type="totp").data["secret"] != SECRET
    left = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    assert len(left) == 9, "which were used is still known"
    for code in (code_now(), left[0]):
        client.logout()
        log_in(client, person)
        give_code(client, code)
        assert logged_in(client), code


@pytest.mark.django_db
def test_under_another_key_a_login_says_what_to_do_and_lets_nobody_in(client, settings):
    person, codes = make_secured(password=WORD)
    settings.SECRET_KEY = "another-key"
    log_in(client, person)
    for code in (code_now(), codes[0]):
        answer = give_code(client, code)
        assert answer.status_code == 200
        assert "Ask its administrator to take it off" in answer.content.decode()
    assert not logged_in(client)
    call_command("remove_second_factor", person.username)
    log_in(client, person)
    assert logged_in(client)


@pytest.mark.django_db
def test_codes_are_guessed_ten_times_and_no_more_whatever_the_address(client):
    person, codes = make_secured(password=WORD)
    log_in(client, person)
    for number in range(10):
        assert (
            client.post(
                reverse("mfa_authenticate"), {"code": "12345"}, REMOTE_ADDR=f"192.0.2.{number}"
            ).status_code
            == 200
        )
    assert give_code(client, codes[0]).status_code == 429
    assert not logged_in(client)


@pytest.mark.django_db
def test_a_lead_without_one_is_sent_to_set_it_up_and_opens_no_page_before(client, settings):
    settings.MFA_REQUIRED_FOR = "leads"
    project = make_project("autumn")
    lead = make_member(project, "lead", password=WORD)
    answer = client.post(reverse("account_login"), {"login": lead.username, "password": WORD}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_activate_totp") + "?needed=1"
    for route in ("project-members", "project-settings", "project", "project-releases", "rate"):
        asked = client.get(reverse(route, args=["autumn"]))
        assert asked["Location"].startswith(reverse("mfa_activate_totp")), route
    posted = client.post(reverse("project-invite", args=["autumn"]), {"role": "lead"})
    assert posted.status_code == 302
    assert not project.invitations.exists()

    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    asked = client.get(reverse("project", args=["autumn"]), follow=True)
    assert asked.redirect_chain[-1][0].startswith(reverse("account_reauthenticate"))
    assert "Leads need a second factor here" in asked.content.decode()
    wrong = client.post(
        reverse("account_reauthenticate"), {"password": "no", "next": asked.context["redirect_field_value"]}
    )
    assert "Leads need a second factor here" in wrong.content.decode()
    assert client.get(reverse("project-create"))["Location"].startswith(reverse("mfa_activate_totp"))
    give_factor(lead)
    assert client.get(reverse("project-members", args=["autumn"])).status_code == 200


@pytest.mark.django_db
def test_a_lead_without_one_gets_no_file_before_and_others_get_theirs_in_as_many_queries(
    client, settings, django_assert_num_queries
):
    project = make_project("autumn")
    make_member(make_project("other"), "lead")
    video = make_clip(project, frames=8, fps=8)
    saw = {"frames": [0, 4], "seconds": [0.0, 0.5], "width": 56, "height": 42}
    suggestion = make_suggestion(video, saw=saw)
    addresses = [
        *(reverse("media", args=[video.public_id, kind]) for kind in ("play", "original", "poster", "thumbnails")),
        reverse("frames-seen", args=[video.public_id, suggestion.pk]),
        reverse("frames-seen-one", args=[video.public_id, suggestion.pk, 0]),
    ]
    lead = make_member(project, "lead")
    for required in ("", "leads"):
        settings.MFA_REQUIRED_FOR = required
        for role in ("rater", "reviewer"):
            client.force_login(make_member(project, role))
            with django_assert_num_queries(3):
                assert client.get(addresses[0]).status_code == 200
        client.force_login(lead)
        for address in addresses:
            asked = client.get(address)
            assert asked.status_code == (302 if required else 200), address
            if required:
                assert asked["Location"].startswith(reverse("mfa_activate_totp"))
    give_factor(lead)
    assert client.get(addresses[0]).status_code == 200


@pytest.mark.django_db
def test_raters_and_reviewers_are_not_bothered(client, settings, django_assert_num_queries):
    settings.MFA_REQUIRED_FOR = "leads"
    project = make_project("autumn")
    for role, route in (("rater", "rate"), ("reviewer", "project")):
        client.force_login(make_member(project, role))
        assert client.get(reverse("projects")).status_code == 200
        assert client.get(reverse(route, args=["autumn"])).status_code == 200


@pytest.mark.django_db
def test_a_setting_that_would_ask_nobody_is_refused():
    from django.core.exceptions import ImproperlyConfigured

    from config.logins import check_second_factor_setting

    with pytest.raises(ImproperlyConfigured, match="MFA_REQUIRED_FOR"):
        check_second_factor_setting("lead")


@pytest.mark.django_db
def test_who_lost_telephone_and_codes_gets_in_again_after_a_command(client, capsys):
    person, _ = make_secured("ada", WORD)
    client.force_login(person)
    call_command("remove_second_factor", "ada@example.org")
    assert client.get(reverse("projects")).status_code == 302, "their sessions have ended"
    assert log_in(client, person)["Location"] == reverse("projects")
    assert AuditEntry.objects.filter(kind="factor_removed", person=person).exists()
    call_command("remove_second_factor", "ada")
    assert "no second factor" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nobody"):
        call_command("remove_second_factor", "eve")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_in_the_middle_of_a_login_is_for_everybody(browse):
    _, codes = make_secured("ada", WORD)
    page = browse()
    page.goto(reverse("account_login"))
    page.fill("[name=login]", "ada")
    page.fill("[name=password]", WORD)
    page.click("main button.primary")
    page.wait_for_url("**/2fa/authenticate/")
    check_access(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.fill("[name=code]", codes[0])
    page.click("main button.primary")
    page.wait_for_url("**/")
    assert page.locator("h1").inner_text() == "Projects"
