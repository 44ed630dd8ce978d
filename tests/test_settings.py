"""Production with a weak setting does not start, and says which one and what to do; with good ones nothing is left."""

import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from celery import current_app
from django.core.exceptions import ImproperlyConfigured
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from config import safety

ROOT = Path(__file__).parent.parent
GOOD = {
    "DEBUG": "0",
    "SECRET_KEY": "J5vQ0u8ZtYk2pXwN7rLs4bHc9dGf3mTa6eVi1oBqUyRxKzWjP0sD",
    "ALLOWED_HOSTS": "rooms.example.org",
    "SITE_URL": "https://rooms.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://rooms.example.org",
    "DATABASE_URL": "postgres://screening_room:oZ4wq7LkXu1m@db.example.org:5432/screening_room",
    "EMAIL_URL": "smtp+tls://rooms:aSd7Kq2@mail.example.org:587",
    "TRUSTED_PROXIES": "1",
    "METRICS_TOKEN": "kT3pZw81LmQe0sVb",
}
HERE = {
    "BEHIND_TLS": "0",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SITE_URL": "http://127.0.0.1",
    "CSRF_TRUSTED_ORIGINS": "",
}
# What is changed, the setting that is named, and a word of what to do.
WEAK = [
    ({"SECRET_KEY": ""}, "SECRET_KEY", "random"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY", "50"),
    ({"SECRET_KEY": "ab" * 40}, "SECRET_KEY", "random"),
    ({"SECRET_KEY": "django-insecure-" + GOOD["SECRET_KEY"]}, "SECRET_KEY", "random"),
    ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS", "name the hosts"),
    ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS", "without *"),
    ({"ALLOWED_HOSTS": "rooms.example.org,*.example.org"}, "ALLOWED_HOSTS", "without *"),
    ({"ALLOWED_HOSTS": "."}, "ALLOWED_HOSTS", "name the hosts"),
    ({"ALLOWED_HOSTS": "https://rooms.example.org"}, "ALLOWED_HOSTS", "https://"),
    ({"DATABASE_URL": "sqlite:///{folder}/db.sqlite3"}, "DATABASE_URL", "PostgreSQL"),
    ({"DATABASE_URL": "mysql://rooms:oZ4wq7LkXu1m@db/rooms"}, "DATABASE_URL", "PostgreSQL"),
    ({"DATABASE_URL": ""}, "DATABASE_URL", "PostgreSQL"),
    ({"DATABASE_URL": "db.example.org"}, "DATABASE_URL", "configuration.md"),
    ({"DATABASE_URL": "postgres://rooms:oZ4@db:port/rooms"}, "DATABASE_URL", "configuration.md"),
    ({"DATABASE_URL": "postgres://postgres:postgres@db:5432/postgres"}, "DATABASE_URL", "random"),
    ({"DATABASE_URL": "postgres://rooms:rooms@db:5432/rooms"}, "DATABASE_URL", "random"),
    (
        {"BEHIND_TLS": "0", "SITE_URL": "http://rooms.example.org", "CSRF_TRUSTED_ORIGINS": ""},
        "BEHIND_TLS",
        "proxy",
    ),
    ({"SITE_URL": "http://rooms.example.org"}, "SITE_URL", "https://"),
    ({"SITE_URL": "rooms.example.org"}, "SITE_URL", "address"),
    ({"SITE_URL": "javascript:alert(1)"}, "SITE_URL", "address"),
    ({"CSRF_TRUSTED_ORIGINS": "http://rooms.example.org"}, "CSRF_TRUSTED_ORIGINS", "https://"),
    ({"CSRF_TRUSTED_ORIGINS": "https://*.example.org"}, "CSRF_TRUSTED_ORIGINS", "without *"),
    ({"TRUSTED_PROXIES": "two"}, "TRUSTED_PROXIES", "whole number"),
    ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES", "whole number"),
    ({"TRUSTED_PROXIES": "99"}, "TRUSTED_PROXIES", "10"),
    ({"SCORING_LEASE_SECONDS": "0"}, "SCORING_LEASE_SECONDS", "whole number from 1"),
    ({"VIDEOSCORE2_BATCH": "many"}, "VIDEOSCORE2_BATCH", "whole number"),
    ({"IMPORT_ROOT": "/"}, "IMPORT_ROOT", "apart from DATA_DIR"),
    ({"IMPORT_ROOT": "clips"}, "IMPORT_ROOT", "whole path"),
    ({"IMPORT_ROOT": "{folder}/media/videos"}, "IMPORT_ROOT", "apart from DATA_DIR"),
    ({"IMPORT_ROOT": "{folder}/../"}, "IMPORT_ROOT", "apart from DATA_DIR"),
    ({"MEDIA_ACCEL_REDIRECT": "protected"}, "MEDIA_ACCEL_REDIRECT", "/protected/"),
    ({"METRICS_TOKEN": "secret"}, "METRICS_TOKEN", "16"),
    (
        {"OIDC_SERVER_URL": "http://login.example.org", "OIDC_CLIENT_ID": "a", "OIDC_SECRET": "b"},
        "OIDC_SERVER_URL",
        "https://",
    ),
    ({"EMAIL_URL": ""}, "EMAIL_URL", "consolemail://"),
    ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL", "configuration.md"),
    ({"DEBUG": "1"}, "DEBUG", "DEBUG=0"),
    ({"DEBUG": "1", **HERE, "BEHIND_TLS": "1"}, "DEBUG", "DEBUG=0"),
]


def read_settings(monkeypatch, folder: Path, changed: dict[str, str]) -> dict:
    """The settings as a process with just these variables reads them; {folder} in a value is its DATA_DIR."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    variables = GOOD | {"DATA_DIR": "{folder}"} | changed
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(folder=folder))
    return runpy.run_path(str(ROOT / "config/settings.py"))


@pytest.mark.parametrize(("changed", "name", "words"), WEAK, ids=lambda value: str(value)[:60])
def test_a_weak_setting_is_refused_by_its_name_with_what_to_do(monkeypatch, tmp_path, changed, name, words):
    with pytest.raises(ImproperlyConfigured, match=rf"(: |^|; ){name} ") as refused:
        read_settings(monkeypatch, tmp_path, changed)
    assert words in str(refused.value)
    assert str(refused.value).count(";") == 0, "only what was changed is named"


@pytest.mark.parametrize(
    "changed",
    [
        {},
        HERE,
        {"DEBUG": "1", **HERE},
        {"IMPORT_ROOT": "/srv/clips"},
        {"METRICS_TOKEN": ""},
        {"EMAIL_URL": "consolemail://"},
    ],
)
def test_good_settings_are_taken(monkeypatch, tmp_path, changed):
    settings = read_settings(monkeypatch, tmp_path, changed)
    assert (
        settings["SESSION_COOKIE_SECURE"] == settings["CSRF_COOKIE_SECURE"] == (changed.get("BEHIND_TLS") != "0")
    )


def test_every_check_is_seen_to_refuse(monkeypatch, tmp_path):
    """A check without a row in `WEAK` fails here."""
    named = {name for _, name, _ in WEAK}
    assert len(safety.PRODUCTION) + len(safety.DEVELOPMENT) <= len(named)


def run_check(tmp_path: Path, **changed: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | changed
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_djangos_own_check_of_a_deployment_finds_nothing(tmp_path):
    done = run_check(tmp_path, **GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_a_process_without_any_settings_ends_and_names_all_that_is_missing(tmp_path):
    done = run_check(tmp_path)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert all(name in last for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "SITE_URL", "EMAIL_URL"))


def test_a_pickled_task_is_refused():
    """A message that would run code when it is read; whoever can write to the broker could send one."""
    accepted = prepare_accept_content(current_app.conf.accept_content)
    assert loads(b"[1]", "application/json", "utf-8", accept=accepted) == [1]
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps([1]), "application/x-python-serialize", "binary", accept=accepted)
