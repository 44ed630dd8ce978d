"""The site as it ships: gunicorn by the Dockerfile's command on a scratch database, and its CPU time."""

import atexit
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import urlopen

import psycopg
from psycopg import sql

from tests.nginx import nginx_command

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running site."""

    pid: int
    port: int
    database: str
    front: int | None = None  # nginx's pid where it stands before gunicorn

    def cpu(self) -> dict[tuple[str, str], float]:
        """CPU seconds so far of each of gunicorn's and nginx's processes and of this database's backends, by kind
        and id."""
        spent = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            seconds = (int(stat[11]) + int(stat[12])) / TICKS
            if int(stat[1]) == self.pid or folder.name == str(self.pid):
                spent["gunicorn", folder.name] = seconds
            elif self.front and str(self.front) in (stat[1], folder.name):
                spent["nginx", folder.name] = seconds
            elif command.startswith(b"postgres: ") and self.database.encode() in command:
                spent["PostgreSQL", folder.name] = seconds
        return spent

    def cpu_since(self, before: dict[tuple[str, str], float]) -> dict[str, float]:
        """CPU seconds of each kind since then, of the processes that still live."""
        spent: dict[str, float] = defaultdict(float)
        for (kind, pid), seconds in self.cpu().items():
            spent[kind] += seconds - before.get((kind, pid), 0.0)
        return spent


def settle_environment(address: str) -> Path:
    """Production but for TLS in front, for this process and the server; the data's folder, gone at exit."""
    folder = tempfile.TemporaryDirectory(prefix="rating-room-")
    atexit.register(folder.cleanup)
    os.environ |= {
        "DEBUG": "0",
        "BEHIND_TLS": "0",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": "http://127.0.0.1",
        "EMAIL_URL": "consolemail://",
        "DATA_DIR": folder.name,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    os.environ.pop("MEDIA_ACCEL_REDIRECT", None)
    return Path(folder.name)


def named(address: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlparse(address)._replace(path=f"/{database}").geturl()


def exists(address: str, database: str) -> bool:
    with _server(address) as cursor:
        return bool(cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone())


def create(address: str, database: str, template: str = "template0") -> None:
    """Make the database, in place of an older one, as a copy of the template."""
    drop(address, database)
    with _server(address) as cursor:
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template))
        )


def drop(address: str, database: str) -> None:
    with _server(address) as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


@contextmanager
def _server(address: str) -> Iterator[psycopg.Cursor]:
    postgres = urlparse(address)._replace(scheme="postgresql", path="/postgres").geturl()
    with psycopg.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


@contextmanager
def running(port: int, database: str, folder: Path, more: str = "") -> Iterator[Server]:
    """Start gunicorn as the image does, with these further options, and stop it at the end."""
    with (folder / "gunicorn.log").open("w") as log:
        command = [sys.executable, "-m", *shipped_command(f"127.0.0.1:{port}"), *shlex.split(more)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            _wait_until_it_answers(process, port, Path(log.name))
            yield Server(process.pid, port, database)
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def behind_nginx(site: Server, folder: Path) -> Iterator[Server]:
    """The site with nginx before it, on the next port."""
    front = site.port + 1
    command = nginx_command(folder, web=site.port, front=front, metrics=front + 1)
    with (folder / "nginx.out").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_it_answers(process, front, Path(log.name))
            yield replace(site, port=front, front=process.pid)
        finally:
            process.terminate()
            process.wait(10)


def shipped_command(address: str) -> list[str]:
    """The Dockerfile's last CMD, at another address."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    command = json.loads([line for line in lines if line.startswith("CMD ")][-1].removeprefix("CMD "))
    command[command.index("--bind") + 1] = address
    return command


def _wait_until_it_answers(process: subprocess.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/livez", timeout=2).close()
            return
        except HTTPError as error:
            sys.exit(f"/livez answers {error.code}:\n{log.read_text()[:1000]}")
        except OSError:
            time.sleep(0.1)
    sys.exit(f"gunicorn does not answer:\n{log.read_text()[-1000:]}")
