"""docker-compose.yml as a lab gets it: what it says is there, and its services do their work with it."""

import json
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
from celery.bin.celery import celery as celery_program
from django.contrib.staticfiles.finders import get_finders
from django.core.management import get_commands
from django.test import Client
from django.urls import reverse

from tests.browser import make_clip
from tests.make import draw_clip, make_member, make_project, make_user
from tests.nginx import NGINX
from tests.services import SETTINGS, TOKEN, ScratchDatabase, Services, compose, free_port, image_command
from tests.worker import ROOT, database_url, wait_until

SECRETS = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY\b")
OURS = {"migrate", "web", "worker", "gpu-worker", "beat"}
BROUGHT = {"redis": {"redis-server", "redis-cli"}, "postgres": {"pg_isready"}, "nginx": {"wget"}}
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx on PATH")


# --- What the file says ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", compose()["services"])
def test_a_service_restarts_within_limits_and_says_whether_it_is_well(name):
    service = compose()["services"][name]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["logging"]["options"]["max-size"]
    if name != "migrate":
        assert {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys()
    if name in OURS:
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["DEBUG"] == "0"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_secret_stands_in_the_file_and_none_has_a_default():
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if SECRETS.search(name):
                assert re.fullmatch(r"\$\{\w+:\?.*\}", value), name
    assert not re.search(
        r"\$\{\w*(SECRET|PASSWORD|TOKEN|KEY)\w*(:?-[^}]|\})", (ROOT / "docker-compose.yml").read_text()
    )


def commands() -> list[tuple[str, list[str]]]:
    """Every command that a container runs: services', images' and health checks', with the service's name."""
    found = [("web", image_command())]
    for name, service in compose()["services"].items():
        check = service.get("healthcheck", {}).get("test", [])
        for command in (service.get("command", []), check[1:] if check[:1] == ["CMD"] else []):
            found += [(name, part) for part in _parts(command)]
        if check[:1] == ["CMD-SHELL"]:
            found.append((name, check[1].split()))
    return [(name, command) for name, command in found if command]


def _parts(command: list[str]) -> list[list[str]]:
    if command[:2] == ["sh", "-c"]:
        return [part.split() for part in command[2].split("&&")]
    return [command]


def test_every_command_names_what_there_is():
    apps, seen = get_commands(), set()
    for service, command in commands():
        program = command[0]
        seen.add((service, program))
        if program == "python":
            _, kind, target = command[:3]
            known = (ROOT / f"{target.replace('.', '/')}.py").exists() if kind == "-m" else target in apps
            assert known, command
        elif program in ("celery", "gunicorn"):
            assert (Path(sys.executable).parent / program).exists()
            assert "config" in " ".join(command)
        else:
            assert program in BROUGHT.get(service, {"find"}), command
    assert {("migrate", "python"), ("web", "gunicorn"), ("worker", "celery"), ("beat", "celery")} <= seen


def test_celery_takes_the_options_that_its_commands_have():
    for _, command in commands():
        if command[0] == "celery":
            sub = next(word for word in command if word in ("worker", "beat", "inspect"))
            known = {name for option in celery_program.commands[sub].params for name in option.opts}
            options = {word.split("=")[0] for word in command[command.index(sub) :] if word.startswith("-")}
            assert options <= known, command


def test_what_the_image_copies_is_not_kept_from_it():
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert name not in ignored


def test_pg_dump_is_as_new_as_the_server():
    server = re.search(r"postgres:(\d+)", compose()["services"]["postgres"]["image"])
    client = re.search(r"postgresql-client-(\d+)", (ROOT / "Dockerfile").read_text())
    assert server
    assert client
    assert int(client[1]) >= int(server[1])


# --- What the services do --------------------------------------------------------------------------
def cookie(user) -> str:
    session = Client()
    session.force_login(user)
    return f"sessionid={session.cookies['sessionid'].value}"


@pytest.fixture
def site(tmp_path, settings):
    """gunicorn and nginx as they ship, on the tests' database, with one clip."""
    settings.SECRET_KEY = SETTINGS["SECRET_KEY"]  # it signs the sessions
    (tmp_path / "static/annotation").mkdir(parents=True)
    shutil.copy(ROOT / "annotation/static/annotation/tokens.css", tmp_path / "static/annotation")
    names = [name for finder in get_finders() for name, _ in finder.list([])]
    manifest = {"version": "1.1", "hash": "", "paths": {name: name for name in names}}
    (tmp_path / "static/staticfiles.json").write_text(json.dumps(manifest))
    with Services(tmp_path, database_url(), settings.REDIS_URL) as services:
        services.start_gunicorn("--workers", "1")
        services.start_nginx()
        wait_until(services.answers, seconds=60)
        yield services


@needs_nginx
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nginx_sends_clips_to_members_and_keeps_shut_what_is_not_for_the_world(site):
    video = make_clip(make_project(), frames=16)
    member, stranger = cookie(make_member(video.project)), cookie(make_user())
    clip = reverse("media", args=[video.public_id, "play"])
    data = Path(video.original.path).read_bytes()
    status, headers, body = site.ask(clip, Cookie=member, Range="bytes=100-299")
    assert (status, body) == (206, data[100:300])
    assert headers["content-range"] == f"bytes 100-299/{len(data)}"
    assert (headers["content-type"], headers["x-content-type-options"]) == ("video/mp4", "nosniff")
    assert "sandbox" in headers["content-security-policy"]
    assert "x-accel-redirect" not in headers
    assert site.ask(clip, Cookie=member)[2] == data
    assert site.ask(clip, Cookie=stranger)[0] == site.ask(clip)[0] == 404
    assert site.ask(f"/protected/{video.original.name}", Cookie=member)[0] == 404

    status, headers, body = site.ask("/static/annotation/tokens.css")
    assert (status, headers["content-type"]) == (200, "text/css")
    assert b"--accent" in body
    assert site.ask("/static/../default.conf")[0] in (400, 404)
    status, headers, body = site.ask("/readyz", X_Request_ID="f" * 32)
    assert body.startswith(b"ok")
    assert re.fullmatch(r"(?!f{32})[0-9a-f]{32}", headers["x-request-id"])

    nine = b"x" * 9 * 1024**2
    assert site.ask("/accounts/login/", method="POST", body=nine)[0] == 413
    assert site.ask(reverse("project-import", args=["x"]), method="POST", body=nine)[0] != 413

    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert site.ask("/metrics", **bearer)[0] == site.ask("/metrics/", **bearer)[0] == 404
    assert site.ask("/metrics", port=site.metrics, Host="127.0.0.1")[0] == 401
    status, _, body = site.ask("/metrics", port=site.metrics, Host="127.0.0.1", **bearer)
    assert status == 200
    assert b'screening_room_request_seconds_count{route="media",status="404"}' in body
    assert site.ask("/", port=site.metrics)[0] == 404
    for line in site.log("web").splitlines():
        assert json.loads(line)["time"], line


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_server_whose_database_is_away_lives_but_is_not_ready(tmp_path, settings):
    (tmp_path / "static").mkdir()
    nowhere = f"postgres://someone:hunter2@127.0.0.1:{free_port()}/rooms"
    with Services(tmp_path, nowhere, settings.REDIS_URL) as services:
        services.start_gunicorn("--workers", "1")
        wait_until(lambda: services.answers(port=services.web), seconds=60)
        status, _, body = services.ask("/readyz", port=services.web)
        assert (status, body) == (503, b"not ready: database\n")
        assert "hunter2" not in services.log("web")


@needs_nginx
@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.worker
def test_every_service_works_by_its_command_from_an_empty_database_to_a_suggestion(tmp_path):
    """migrate, Redis, gunicorn, worker, beat, nginx: a clip is imported, prepared, scored, and sent to its lead."""
    port, said = free_port(), compose()["services"]
    with (
        ScratchDatabase("services") as address,
        Services(tmp_path, address, f"redis://127.0.0.1:{port}/0") as site,
    ):
        site.start("redis", [*said["redis"]["command"], "--port", str(port), "--dir", str(tmp_path)])
        site.run(*said["migrate"]["command"])
        web = site.start_gunicorn()
        site.start("worker", said["worker"]["command"])
        site.start("beat", said["beat"]["command"])
        site.start_nginx()
        wait_until(lambda: site.answers("/readyz"), seconds=60)
        assert site.ask("/readyz")[2] == b"ok\n"
        site.run("python", "manage.py", "create_project", "autumn")
        link = site.run("python", "manage.py", "create_lead", "lead@example.org", "--project", "autumn")
        path = re.search(r"https://rooms\.example\.org(\S+)", link)[1]
        lead = accept_invitation(site, path)
        draw_clip(tmp_path / "clip.mp4")
        (tmp_path / "clips.jsonl").write_text(
            json.dumps({"video": "clip.mp4", "prompt": "a square crosses"}) + "\n"
        )
        site.run("python", "manage.py", "import_videos", str(tmp_path / "clips.jsonl"), "--project", "autumn")
        site.run("python", "manage.py", "score_videos", "--project", "autumn", "--scorer", "technical", "--wait")

        def has_a_poster() -> str | None:
            page = site.ask("/p/autumn/videos/", Cookie=lead)[2].decode()
            found = re.search(r"/media/([0-9a-f-]+)/poster/", page)
            return found[1] if found else None

        wait_until(lambda: has_a_poster() is not None, seconds=60)
        status, headers, body = site.ask(f"/media/{has_a_poster()}/play/", Cookie=lead, Range="bytes=0-99")
        assert (status, len(body), headers["content-type"]) == (206, 100, "video/mp4")
        wait_until(lambda: "sweep_jobs_task" in site.log("worker"), seconds=60)  # beat has rung
        site.run("python", "manage.py", "verify_invariants")
        for name in ("web", "worker", "beat"):
            for line in site.log(name).splitlines():
                assert not line.startswith("{") or json.loads(line)["level"] != "ERROR", line
        assert web.poll() is None
        site.run("python", "manage.py", "backup", str(tmp_path / "backups/one"), "--link")
        with ScratchDatabase("restored") as other:  # migrated, as compose does first, and empty
            new = {"DATABASE_URL": other, "DATA_DIR": str(tmp_path / "new")}
            site.run("python", "manage.py", "migrate", "--noinput", **new)
            site.run("python", "manage.py", "restore", str(tmp_path / "backups/one"), **new)
            site.run("python", "manage.py", "verify_invariants", **new)
            again = {"DATABASE_URL": other, "DATA_DIR": str(tmp_path / "newer")}
            with pytest.raises(AssertionError, match="The database is not empty"):
                site.run("python", "manage.py", "restore", str(tmp_path / "backups/one"), **again)


def accept_invitation(site: Services, path: str) -> str:
    """Open the one-time link and choose a password, as a browser would; the session's cookie."""
    _, headers, page = site.ask(path)
    csrf = re.search(r"csrftoken=(\w+)", headers["set-cookie"])[1]
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)[1].decode()
    said = {"username": "lead", "email": "lead@example.org", "password": "lights-down-42"}
    said["csrfmiddlewaretoken"] = token
    status, headers, _ = site.ask(
        path,
        method="POST",
        body=urlencode(said).encode(),
        Cookie=f"csrftoken={csrf}",
        Referer=f"https://rooms.example.org{path}",
        Content_Type="application/x-www-form-urlencoded",
    )
    assert status == 302
    return re.search(r"sessionid=\w+", headers["set-cookie"])[0]
