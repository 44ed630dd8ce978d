"""`make demo`: a demo project under `var/demo` with web, worker, beat and a Redis of its own, until Ctrl-C.

Everything listens on loopback only, and nothing of it is meant for production.
"""

import argparse
import fcntl
import importlib.util
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from honcho.manager import Manager

from config.private_redis import NoRedis, PrivateRedis
from datasets_app.demo.logins import HUMAN_RATERS, LEAD, PASSWORD, SLUG, email
from scoring.registry import UnknownScorer, entry, queue_of
from scoring.scorers.videoscore2.stand_in import CHECKPOINT as STAND_IN

ROOT = Path(__file__).resolve().parent.parent
_SUGGESTIONS_BY = {
    "videoscore2": """
  Suggestions      by a tiny stand-in for VideoScore2: its architecture and its form of
                   answer, trained on drawn clips. It does not judge; the real weights do.
"""
}
WORKER = "celery --quiet -A config worker --loglevel warning --without-gossip"
STOPPED_BY_USER = {128 + signal.SIGINT, 128 + signal.SIGTERM}


class Refused(Exception):
    """The demo cannot start; the message says why and what to do."""


def main() -> int:
    """Run the demo until somebody stops it. Returns the exit status."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGHUP, _stop_in_silence)
    try:
        _point_settings_here(arguments.folder, arguments.port)
        _check_scorer(arguments.scorer)
        with _only_one(arguments.folder), _port_held_free(arguments.port):
            return _run(arguments)
    except (Refused, NoRedis, UnknownScorer) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. The next start goes on from here.")
        return 0
    return 1


def _stop_in_silence(number: int, frame: FrameType | None) -> None:
    """The terminal was closed: nothing can be printed any more, and everything has to stop as on SIGTERM."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    os.kill(os.getpid(), signal.SIGTERM)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the site on 127.0.0.1")
    parser.add_argument("--scorer", default="technical", help="who makes the suggestions")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "demo", help="where all its data is kept")
    arguments = parser.parse_args()
    arguments.folder = arguments.folder.resolve()
    return arguments


def _check_scorer(name: str) -> None:
    """Raises `UnknownScorer`, or `Refused` for one that the demo cannot run."""
    entry(name)
    if name == "videoscore2-served":
        raise Refused(
            "videoscore2-served asks a server of yours, and the demo starts none. "
            "Take SCORER=videoscore2, or see docs/scoring.md."
        )
    if name == "videoscore2" and importlib.util.find_spec("torch") is None:
        raise Refused("videoscore2 needs torch: make install-scoring")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two demos would share one database and end each other's work."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Refused(f"A demo is running already, as process {lock.read().strip()}.") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


@contextmanager
def _port_held_free(port: int) -> Iterator[None]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise Refused(f"Port {port} cannot be used ({error}). Take another: make demo PORT=8123") from None
    yield


def _point_settings_here(folder: Path, port: int) -> None:
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "BEHIND_TLS", "IMPORT_ROOT", "MEDIA_ACCEL_REDIRECT"):
        os.environ.pop(name, None)
    os.environ |= {
        "DEBUG": "1",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "WARNING",
        # Weights of a few megabytes, the same answers on every machine.
        "VIDEOSCORE2_CHECKPOINT": str(STAND_IN),
        "VIDEOSCORE2_DTYPE": "float32",
    }


def _run(arguments: argparse.Namespace) -> int:
    redis = PrivateRedis()
    try:
        os.environ["REDIS_URL"] = redis.url
        seed = [sys.executable, "manage.py", "seed_demo", "--scorer", arguments.scorer]
        filled = subprocess.run(seed, cwd=ROOT, check=False)  # noqa: S603
        return filled.returncode or _watch(arguments)
    finally:
        redis.stop()


def _watch(arguments: argparse.Namespace) -> int:
    """Start the processes and stay until they have ended, all of them."""
    manager = Manager()
    address = f"127.0.0.1:{arguments.port}"
    commands = {
        "web": f"gunicorn config.wsgi --bind {address} --threads 8 --no-control-socket --log-level warning",
        "worker": f"{WORKER} -Q media,scoring.technical -c 2",
        "beat": "celery --quiet -A config beat --loglevel warning --pidfile=",
    }
    if arguments.scorer != "technical":  # a process of its own, as on a machine with a GPU
        commands["scorer"] = f"{WORKER} -Q {queue_of(arguments.scorer)} -c 1 -n scorer@%h"
    for name, command in commands.items():
        manager.add_process(name, f"exec {shlex.quote(sys.executable)} -m {command}", cwd=str(ROOT))
    threading.Thread(target=_welcome, args=(arguments,), daemon=True).start()
    manager.loop()
    if manager.returncode in STOPPED_BY_USER:
        print("Stopped. The next start goes on from here.")
        return 0
    return int(manager.returncode or 0)


def _welcome(arguments: argparse.Namespace) -> None:
    """Say where to go, once somebody answers there."""
    folder, port = arguments.folder, arguments.port
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    print(
        f"""
  Screening Room   http://127.0.0.1:{port}/

  Log in as        {email(LEAD)}  (settings, progress, releases)
                   {", ".join(email(name) for name in HUMAN_RATERS)}
  Password         {PASSWORD}
{_SUGGESTIONS_BY.get(arguments.scorer, "")}
  Export           DEBUG=1 DATA_DIR={shown} SITE_URL=http://127.0.0.1:{port} \\
                     .venv/bin/python manage.py export_dataset \\
                     --project {SLUG} --format sft --output {shown}/export

  Ctrl-C stops everything.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
