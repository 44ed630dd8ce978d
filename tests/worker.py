"""A real Celery worker, in processes of its own, on the database and the Redis of the tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import redis
from django.db import connection

QUEUES = "media,scoring.technical,scoring.videoscore2,scoring.patient"
EXTRA_SCORERS = "patient=tests.patient.ENTRY"
ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """The address of the test database, for a process that knows nothing of the tests."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    password = f":{settings['PASSWORD']}" if settings["PASSWORD"] else ""
    return (
        f"postgres://{settings['USER']}{password}@{settings['HOST']}:{settings['PORT'] or 5432}/{settings['NAME']}"
    )


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """What a process needs to work on the test database, with its files under `data_dir`."""
    return os.environ | {"DATABASE_URL": database_url(), "DATA_DIR": str(data_dir), "LOG_LEVEL": "INFO"} | more


class Worker:
    """A worker's process group: `kill` is -9 for parent and children at once."""

    def __init__(
        self, data_dir: Path, *, processes: int = 1, lease_seconds: int = 2, queues: str = QUEUES, **more: str
    ) -> None:
        self.log = data_dir / f"worker-{time.monotonic_ns()}.log"
        name = f"test-{time.monotonic_ns()}@%h"
        options = [
            "-Q",
            queues,
            "-c",
            str(processes),
            "-n",
            name,
            "--without-mingle",
            "--without-gossip",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-l", "INFO", *options],
            cwd=ROOT,
            env=environment(
                data_dir, SCORING_LEASE_SECONDS=str(lease_seconds), EXTRA_SCORERS=EXTRA_SCORERS, **more
            ),
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def signal(self, number: int) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Kill -9, parent and children."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def ready(self) -> bool:
        return b" ready." in self.log.read_bytes()


def empty_redis(url: str | None = None) -> None:
    """Forget every message of the tests' own Redis database."""
    redis.Redis.from_url(url or os.environ["REDIS_URL"]).flushdb()


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.2) -> None:
    """Return when the condition holds. Raises `TimeoutError` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(every)
