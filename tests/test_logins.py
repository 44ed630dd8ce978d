"""Logging in: a whole lab at once from behind one address, old hashes, and people who guess."""

import re
import time

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation.models import User
from annotation.tries import MOST_FOR_ACCOUNT, MOST_FROM_ADDRESS, SECONDS, begin_try, forgive
from tests.make import make_member, make_project
from tests.rating import in_threads

WORD = "a-long-enough-word"


@pytest.fixture(autouse=True)
def _nobody_has_guessed_yet():
    cache.clear()


def log_in(login, word, address="192.0.2.1"):
    """The status of the answer, and the person who is logged in then."""
    client = Client(REMOTE_ADDR=address)
    status = client.post(reverse("account_login"), {"login": login, "password": word}).status_code
    return status, client.session.get("_auth_user_id")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_sixteen_people_behind_one_address_all_get_in_at_once():
    project = make_project()
    people = [make_member(project, password=WORD) for _ in range(16)]
    answers = in_threads(lambda person: log_in(person.username, WORD), people)
    assert answers == [(302, str(person.pk)) for person in people]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_no_more_than_ten_are_looked_at():
    person = make_member(make_project(), password=WORD)
    answers = in_threads(lambda guess: log_in(person.username, guess)[0], [f"guess-{n}" for n in range(16)])
    assert sorted(answers) == [200] * 10 + [429] * 6


@pytest.mark.django_db
def test_the_eleventh_wrong_try_from_an_address_is_refused_and_so_is_the_right_word():
    person = make_member(make_project(), password=WORD)
    for number in range(10):  # by name and by email in turn: it is one account
        login = (person.username, person.email.upper())[number % 2]
        assert log_in(login, f"guess-{number}")[0] == 200
    for word in ("guess-11", WORD):
        assert log_in(person.username, word) == (429, None)
    assert log_in(person.username, WORD, address="198.51.100.7") == (302, str(person.pk))
    colleague = make_member(make_project(), password=WORD)
    assert log_in(colleague.username, WORD) == (302, str(colleague.pk))


@pytest.mark.django_db
def test_right_words_in_between_forgive_nothing_and_count_nothing():
    project = make_project()
    person, other = make_member(project, password=WORD), make_member(project, password=WORD)
    for number in range(10):
        assert log_in(person.username, f"guess-{number}")[0] == 200
        assert number % 5 or log_in(other.username, WORD)[0] == 302
    assert log_in(person.username, "guess-11")[0] == 429


@pytest.mark.django_db
def test_one_address_guesses_no_more_than_a_hundred_times_in_all():
    tries = [begin_try(f"nobody-{number}", "2001:db8::1") for number in range(MOST_FROM_ADDRESS)]
    assert None not in tries
    assert log_in("somebody", WORD, address="2001:db8::f:2")[0] == 429  # of the same network
    assert log_in("somebody", WORD, address="2001:db8:0:1::1")[0] == 200
    forgive(tries[0])
    assert log_in("somebody", WORD, address="2001:db8::f:2")[0] == 200


def test_tries_are_forgotten_after_five_minutes(monkeypatch):
    began = time.time()
    for _ in range(MOST_FOR_ACCOUNT):
        assert begin_try("ada", "192.0.2.1")
    assert begin_try("ada", "192.0.2.1") is None
    monkeypatch.setattr(time, "time", lambda: began + SECONDS - 1)
    assert begin_try("ada", "192.0.2.1") is None
    monkeypatch.setattr(time, "time", lambda: began + SECONDS + 1)
    assert begin_try("ada", "192.0.2.1")


@pytest.mark.django_db
def test_an_old_hash_still_opens_the_door_and_is_hashed_anew():
    person = make_member(make_project())
    User.objects.filter(pk=person.pk).update(password=make_password(WORD, hasher="pbkdf2_sha256"))
    assert log_in(person.username, WORD)[0] == 302
    person.refresh_from_db()
    assert person.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert log_in(person.username, WORD)[0] == 302


@pytest.mark.django_db
def test_the_login_page_names_its_field_as_the_room_does(client):
    page = client.get(reverse("account_login")).content.decode()
    assert '<label for="id_login">Email or username</label>' in page
    assert not re.search(r">\s*Login\s*<", page)
