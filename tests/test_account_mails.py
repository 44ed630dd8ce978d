"""Whoever's password or second factor is changed gets a mail that says so."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotation.models import User
from tests.codes import code_now
from tests.make import make_user

pytestmark = pytest.mark.django_db
WORD, NEW = "a-long-enough-word", "another-long-enough-word"


@pytest.fixture(autouse=True)
def _nobody_has_guessed_yet():
    cache.clear()


@pytest.fixture
def do(client, django_capture_on_commit_callbacks):
    def do(route, **sent):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse(route), sent)

    return do


@pytest.fixture
def ada(client, do):
    person = make_user("ada", WORD)
    do("account_login", login="ada", password=WORD)
    return person


def change_password(do):
    return do("account_change_password", oldpassword=WORD, password1=NEW, password2=NEW)


def test_a_changed_password_is_told_to_its_owner_in_our_words_and_nobody_elses(
    client, ada, do, mailoutbox, settings
):
    settings.SITE_URL = "https://rooms.example.org"
    client.defaults["HTTP_USER_AGENT"] = "<b>Call +49 1</b> https://evil.example"
    client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    change_password(do)
    [mail] = mailoutbox
    assert mail.to == [ada.email]
    assert mail.subject == "Your account at Screening Room was changed"
    assert "Your account ada at Screening Room (https://rooms.example.org) was changed." in mail.body
    assert "The password was changed." in mail.body
    assert "from the address 192.0.2.7" in mail.body
    assert "https://rooms.example.org/accounts/password/reset/" in mail.body
    assert "evil" not in mail.body, "whoever did it chose what their browser calls itself"
    assert not mail.alternatives, "no HTML"
    assert "&" not in mail.body


def test_a_password_chosen_by_a_link_is_told(client, do, mailoutbox, django_capture_on_commit_callbacks):
    person = make_user("ada", WORD)
    do("account_reset_password", email=person.email)
    link = mailoutbox.pop().body
    page = client.get(link[link.index("http") :].split()[0], follow=True)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    [mail] = mailoutbox
    assert mail.to == [person.email]
    assert "A new password was chosen by a link in a mail." in mail.body


def test_each_change_of_a_second_factor_is_told(client, ada, do, mailoutbox):
    client.get(reverse("mfa_activate_totp"))
    do("mfa_activate_totp", code=code_now(client.session["mfa.totp.secret"]))
    do("mfa_generate_recovery_codes")
    do("mfa_deactivate_totp")
    told = ("A second factor was set up", "New recovery codes were made", "The second factor was switched off")
    assert len(mailoutbox) == len(told)
    for mail, words in zip(mailoutbox, told, strict=True):
        assert words in mail.body
        assert mail.to == [ada.email]


def test_a_login_is_no_change(do, ada, mailoutbox):
    assert not mailoutbox


@pytest.fixture
def no_mail_server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9


@pytest.mark.usefixtures("no_mail_server")
def test_a_mail_server_that_is_gone_keeps_nobody_from_a_new_password(ada, do):
    assert change_password(do).status_code == 302
    assert User.objects.get(pk=ada.pk).check_password(NEW)


@pytest.mark.usefixtures("no_mail_server")
def test_a_mail_server_that_is_gone_does_not_tell_who_has_an_account(do, caplog):
    known, unknown = make_user("ada", WORD).email, "nobody@example.org"
    answers = [do("account_reset_password", email=email) for email in (known, unknown)]
    assert [answer.url for answer in answers] == [reverse("account_reset_password_done")] * 2
    assert "a mail could not be sent" in caplog.text, "the administrator is told"
