"""What an operator sees: whether the site is ready, its metrics, and a log that tells no secret."""

import io
import json
import logging
import re
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from config import health
from config.json_logs import ASKED, Asked, JsonLines, hide_secrets, logging_settings
from config.watch_requests import WatchRequests
from datasets_app.models import Release, WorkerSeen
from datasets_app.tasks import sweep_media_task
from scoring.models import Heartbeat, Job
from scoring.versions import current_version
from tests.make import make_member, make_project, make_rating, make_user, make_video

TOKEN = "a-token-of-the-tests-0123456789"


# --- /readyz ---------------------------------------------------------------------------------------
@pytest.mark.worker
@pytest.mark.portability
def test_a_migrated_site_with_its_broker_is_ready(db, client, django_assert_max_num_queries):
    health._of_this_code()
    with django_assert_max_num_queries(2):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.post("/readyz").status_code == 405


def test_without_its_broker_the_site_is_ready_and_says_so(db, client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok, without broker\n")


@pytest.mark.portability
def test_a_database_that_is_behind_the_code_is_not_ready(db, client):
    MigrationRecorder(connection).record_unapplied("annotation", "0001_initial")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ready: migrations\n")


def test_a_database_that_is_away_is_not_ready_and_its_address_stays_untold(db, client, monkeypatch):
    def refuse(_):
        raise DatabaseError("connection to server at 10.1.2.3, user someone failed")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ready: database\n")


# --- /metrics --------------------------------------------------------------------------------------
def scrape(client, token=TOKEN, **headers):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"} | headers)


def figures(client) -> dict[str, float]:
    lines = scrape(client).content.decode().splitlines()
    return {
        name: float(value) for name, _, value in (li.rpartition(" ") for li in lines if not li.startswith("#"))
    }


@pytest.fixture
def open_metrics(settings, db):
    settings.METRICS_TOKEN = TOKEN


def test_without_a_token_there_are_no_metrics(db, client, settings):
    settings.METRICS_TOKEN = ""
    assert scrape(client, token="").status_code == 404


def test_only_the_token_opens_the_metrics(open_metrics, client):
    assert scrape(client).status_code == 200
    for sent in ("", "x", TOKEN[:-1], TOKEN + "x", "ü"):
        assert scrape(client, token=sent).status_code == 401
    lead = Client()
    lead.force_login(make_member(make_project(), "lead"))
    assert lead.get("/metrics").status_code == 401


@pytest.mark.portability
def test_the_metrics_count_what_the_database_holds(open_metrics, client):
    project = make_project(overlap=2)
    videos = [make_video(project) for _ in range(4)]
    version = current_version("technical")
    hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.bulk_create(Job(video=video, scorer_version=version) for video in videos[:3])
    Job.objects.filter(video=videos[0]).update(created_at=hour_ago)
    Job.objects.filter(video=videos[2]).update(state="failed", reason="x")
    Heartbeat.objects.create(worker="host:1", scorer_version=version, started_at=hour_ago, seen_at=timezone.now())
    Heartbeat.objects.create(worker="host:2", scorer_version=version, started_at=hour_ago, seen_at=hour_ago)
    seat = videos[0].seats.first()
    seat.holder, seat.leased_until = make_member(project), timezone.now() + timedelta(minutes=5)
    seat.save()
    make_rating(videos[1], make_member(project))
    Release.objects.create(project=project, number=1, state="building")
    WorkerSeen.objects.create(worker="host:3", seen_at=timezone.now())
    WorkerSeen.objects.create(worker="host:4", seen_at=hour_ago)
    found = figures(client)
    expected = {
        'screening_room_jobs{scorer="technical",state="queued"}': 2,
        'screening_room_jobs{scorer="technical",state="failed"}': 1,
        'screening_room_jobs{scorer="technical",state="done"}': 0,
        'screening_room_workers{scorer="technical",state="alive"}': 1,
        'screening_room_videos{state="ready"}': 4,
        'screening_room_releases{state="building"}': 1,
        "screening_room_media_workers": 1,
        "screening_room_seats_leased": 1,
        "screening_room_ratings": 1,
    }
    assert {name: found[name] for name in expected} == expected
    assert 3595 < found['screening_room_oldest_queued_job_seconds{scorer="technical"}'] < 3700
    assert 3595 < found['screening_room_worker_silent_seconds{scorer="technical",worker="host:2"}'] < 3700


def test_a_scrape_asks_a_dozen_queries_whatever_there_is(open_metrics, client, django_assert_max_num_queries):
    project = make_project()
    for _ in range(5):
        Job.objects.create(video=make_video(project), scorer_version=current_version("technical"))
    with django_assert_max_num_queries(12):
        scrape(client)


def test_requests_are_counted_by_the_name_of_their_address(open_metrics, client):
    video = make_video(make_project())
    name = 'screening_room_request_seconds_count{route="media",status="404"}'
    before = figures(client).get(name, 0)
    client.get(reverse("media", args=[video.public_id, "play"]))
    client.get("/an/address/that/there/is/not")
    after = figures(client)
    assert after[name] == before + 1
    assert after['screening_room_request_seconds_count{route="none",status="404"}'] >= 1
    assert str(video.public_id) not in scrape(client).content.decode()


# --- Logs ------------------------------------------------------------------------------------------
@pytest.fixture
def log():
    """The lines of the root logger, as production writes them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, requests = logging.getLogger(), logging.getLogger("screening_room.requests")
    root.addHandler(handler)
    requests.setLevel("INFO")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    requests.setLevel(django_settings.LOGGING["loggers"]["screening_room.requests"]["level"])


def test_a_request_is_one_line_with_who_and_what_and_how_long(db, client, log):
    user = make_user()
    client.force_login(user)
    answer = client.get(reverse("projects") + "?token=hunter2", headers={"User-Agent": 'x\n{"level": "ERROR"}'})
    (line,) = log()
    assert re.fullmatch(r"[0-9a-f]{32}", line["request"])
    assert line["request"] == answer["X-Request-ID"]
    assert (line["route"], line["user"], line["status"], line["method"]) == ("projects", user.pk, 200, "GET")
    assert line["milliseconds"] > 0
    assert {"time", "level", "logger", "message"} <= line.keys()
    assert "hunter2" not in json.dumps(line)


def test_only_the_proxys_own_numbers_are_taken_over(db, client, log):
    number = "0123456789abcdef" * 2
    assert client.get("/", headers={"X-Request-ID": number})["X-Request-ID"] == number
    forged = 'x"}\n{"level":"ERROR"'
    assert client.get("/", headers={"X-Request-ID": forged})["X-Request-ID"] != forged
    client.get("/livez")  # asked all the time: no line
    assert [line["route"] for line in log()] == ["projects", "projects"]


def test_what_is_logged_during_a_request_names_it(db, client, log, monkeypatch):
    user = make_user()
    client.force_login(user)
    monkeypatch.setattr("annotation.projects.views_projects.projects_of", lambda user: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/")
    error, line = log()
    assert error["level"] == "ERROR"
    assert "ZeroDivisionError" in error["traceback"]
    assert error["request"] == line["request"] == answer["X-Request-ID"]
    assert (error["route"], error["user"], line["status"]) == ("projects", user.pk, 500)


def test_an_address_that_holds_a_key_is_written_as_its_pattern(db, client, log):
    client.raise_request_exception = False
    record = logging.getLogger("django.request").makeRecord(
        "django.request", 40, "", 0, "Gone: %s", ("/i/s3cret/",), None
    )
    record.request = RequestFactory().get("/i/s3cret/")
    assert "s3cret" not in JsonLines().format(record)
    client.get("/invitation/s3cret-key-of-an-invitation/")
    assert "s3cret" not in json.dumps(log())


@pytest.mark.parametrize(
    "text", ['a\n{"level": "ERROR"}', "b\r\nx", "c\u2028d\x85e", "\x1b[31m", "\ud800"], ids=ascii
)
def test_line_breaks_of_strangers_begin_no_line(text):
    record = logging.LogRecord("tests", logging.WARNING, "", 0, "prompt %s", (text,), None)
    (line,) = JsonLines().format(record).splitlines()  # logged, pytest could not send it to its main process
    assert json.loads(line)["level"] == "WARNING"
    assert json.loads(line)["message"] == f"prompt {text}"


@pytest.mark.parametrize(
    "text",
    [
        "postgres://someone:hunter2@db:5432/rooms",
        "redis://:hunter2@redis:6379/0",
        "GET https://s3.example.org/bucket/key?X-Amz-Signature=hunter2&x=1",
        "{'password': 'hunter2', 'user': 'me'}",
        "Authorization: Bearer hunter2hunter2",
        "Cookie: sessionid=hunter2; csrftoken=hunter2",
        "csrfmiddlewaretoken=hunter2&next=/",
        "METRICS_TOKEN=hunter2",
        "MEDIA_S3_SECRET_KEY: hunter2",
        "Error handling request GET /p/autumn/?key=hunter2&x=1",
        '"api_key": "hunter2"',
    ],
)
def test_secrets_are_hidden(text):
    assert "hunter2" not in hide_secrets(text)


def test_a_strangers_long_text_is_read_once_and_not_once_for_each_of_its_words(db, client, log):
    """A host of 8 kB took seconds."""
    begun = time.process_time()
    client.get("/livez", headers={"host": "a-" * 4000})
    hide_secrets("/" * 40_000 + "a-" * 20_000 + "a." * 20_000)
    assert time.process_time() - begun < 20, "hundredths of a second; a hundred times more where it is wrong"


@pytest.mark.parametrize(
    "text", ["1,024 tokens: fine", "exit code: 1", "the token is late", "http://gpu-1:8000/v1 answers"]
)
def test_words_that_only_look_like_secrets_stay(text):
    assert hide_secrets(text) == text


def test_production_writes_json_and_development_plain_lines():
    def formatter(as_json):
        return logging_settings(as_json=as_json, level="INFO")["handlers"]["console"]["formatter"]

    assert (formatter(True), formatter(False)) == ("json", "plain")


def test_a_line_outside_of_a_request_names_none(log):
    assert ASKED.get() is None
    logging.getLogger("tests").warning("alone")
    assert "request" not in log()[0]
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert (Asked(request, "1").user, Asked(request, "1").route) == (None, "")


def test_the_watcher_is_the_outermost():
    assert django_settings.MIDDLEWARE[0] == f"{WatchRequests.__module__}.{WatchRequests.__qualname__}"


def test_what_a_task_writes_names_it(db, log, monkeypatch):
    monkeypatch.setattr("datasets_app.tasks.prepare.sweep", lambda: logging.getLogger("tests").warning("swept"))
    done = sweep_media_task.apply()
    (line,) = [line for line in log() if line["message"] == "swept"]
    assert (line["task"], line["task_id"]) == ("datasets_app.tasks.sweep_media_task", done.id)
