"""PostgreSQL, Redis, gunicorn and beat of our own, made to be killed."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg
import redis

from benchmarks.rating_room.server import ROOT, shipped_command
from config.private_redis import free_port, redis_binary
from tests.worker import environment, wait_until

DATABASE = "room"


class Postgres:
    """A cluster in a folder of its own. PostgreSQL refuses root: then it runs as the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/{DATABASE}"

    def initialise(self) -> None:
        self.folder.mkdir()
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
        self._run("initdb", "--pgdata", str(self.folder), "--auth", "trust", "--username", "postgres")

    def start(self) -> None:
        """Start it, or start it again on the same port, and wait until it takes connections."""
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c max_connections=200"
        log = str(self.folder / "server.log")
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self.folder), "--log", log, "--options", options)

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` breaks off all there is, without a checkpoint: the next start recovers from the log."""
        if (self.folder / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--mode", mode, "--pgdata", str(self.folder))

    def make_database(self) -> None:
        address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def _run(self, program: str, *arguments: str) -> None:
        installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))
        path = shutil.which(program) or (installed[-1] if installed else program)
        subprocess.run(
            [path, *arguments],
            cwd=self.folder,
            user="postgres" if os.geteuid() == 0 else None,
            group="postgres" if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else None,
            check=True,
        )


class Redis:
    """A redis-server in memory alone, as in production; `kill` and `start` keep its port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([redis_binary(), *options], stdout=subprocess.DEVNULL)
        wait_until(self._answers, seconds=30)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def waiting(self) -> int:
        """Messages of all kinds that it holds."""
        return redis.Redis.from_url(self.url).dbsize()

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.RedisError:
            return False


class Web:
    """gunicorn by the Dockerfile's command; its master starts a new worker for each that dies."""

    def __init__(self, folder: Path, *options: str, **more: str) -> None:
        self.port = free_port()
        self.log = folder / "gunicorn.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", *shipped_command(f"127.0.0.1:{self.port}"), *options],
            cwd=ROOT,
            env=environment(folder, **more),
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.killed: set[int] = set()

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def kill_the_busiest(self) -> None:
        """Another one may have been started a moment ago, and answer nobody yet."""
        victim = max(self.workers(), key=lambda worker: sum(worker.cpu_times()[:2]))
        victim.send_signal(signal.SIGKILL)
        self.killed.add(victim.pid)

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Beat:
    """The clock that rings the sweepers."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "info", "--pidfile="],
            cwd=ROOT,
            env=environment(folder),
            stdout=(folder / "beat.log").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
