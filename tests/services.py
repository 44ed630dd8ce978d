"""The services of docker-compose.yml, started on this machine by the very commands that the containers run."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import psycopg
import yaml
from psycopg import sql

from tests.environment import POSTGRES
from tests.nginx import nginx_command
from tests.worker import ROOT

HOST = "rooms.example.org"
TOKEN = "a-token-of-the-tests-0123456789"
SETTINGS = {
    "SECRET_KEY": "J5vQ0u8ZtYk2pXwN7rLs4bHc9dGf3mTa6eVi1oBqUyRxKzWjP0sD",
    "ALLOWED_HOSTS": f"{HOST},web",
    "SITE_URL": f"https://{HOST}",
    "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
    "EMAIL_URL": "consolemail://",
    "METRICS_TOKEN": TOKEN,
}


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def image_command() -> list[str]:
    """What a plain `docker run` of the image starts: gunicorn."""
    return json.loads(re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Services:
    """Processes by the name of their service, all ended on leaving. `folder` stands for the volume /data."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
        self.environment = kept | SETTINGS | {"PATH": path, "DATA_DIR": str(folder), "DATABASE_URL": database_url}
        self.environment |= {"REDIS_URL": redis_url, "OMP_NUM_THREADS": "1", "DEBUG": "0"}
        self.environment["MEDIA_ACCEL_REDIRECT"] = compose()["services"]["web"]["environment"][
            "MEDIA_ACCEL_REDIRECT"
        ]
        self.web, self.front, self.metrics = free_port(), free_port(), free_port()
        self._ends = ExitStack()

    def __enter__(self) -> "Services":
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def run(self, *command: str, **more: str) -> str:
        """Run a command to its end; its output. Raises where it fails."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment | more, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def start(self, name: str, command: list[str], **more: str) -> subprocess.Popen:
        with (self.folder / f"{name}.out").open("wb") as out:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment | more, stdout=out, stderr=subprocess.STDOUT
            )
        self._ends.callback(self._end, process)
        return process

    def start_gunicorn(self, *more: str, **settings: str) -> subprocess.Popen:
        command = image_command()
        command[command.index("--bind") + 1] = f"127.0.0.1:{self.web}"
        return self.start("web", [*command, *more], **settings)

    def start_nginx(self) -> subprocess.Popen:
        ports = {"web": self.web, "front": self.front, "metrics": self.metrics}
        return self.start("nginx", nginx_command(self.folder, **ports))

    def ask(
        self, path: str, port: int = 0, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, through nginx unless a port is named, as behind a proxy that ends TLS."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.front, timeout=30)
        sent = {"Host": HOST, "X-Forwarded-Proto": "https"} | {k.replace("_", "-"): v for k, v in headers.items()}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def answers(self, path: str = "/livez", port: int = 0) -> bool:
        try:
            return self.ask(path, port)[0] == 200
        except OSError:
            return False

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.out").read_text()

    @staticmethod
    def _end(process: subprocess.Popen) -> None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ScratchDatabase:
    """A database of its own beside that of the tests; its address. Dropped at the end."""

    def __init__(self, name: str) -> None:
        self.name = f"{name}_{os.getpid()}"
        self.url = urlparse(POSTGRES)._replace(path=f"/{self.name}").geturl()

    def __enter__(self) -> str:
        self._do("DROP DATABASE IF EXISTS {}")
        self._do("CREATE DATABASE {}")
        return self.url

    def __exit__(self, *_: object) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        server = urlparse(POSTGRES)._replace(scheme="postgresql", path="/postgres").geturl()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name)))
