"""Where the tests run: PostgreSQL where one answers, else SQLite; a real Redis, or a loud skip.

`TEST_DATABASE_URL` (a PostgreSQL address, or `sqlite`) and `REDIS_URL` choose others. `FORBID_SKIPS=1` (set by
`.ci/run`) turns skips into failures. `python -m tests.environment` prints the `TEST_DATABASE_URL` of the other
database, if there is one.
"""

import os
import shutil
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlparse

import psycopg

# The tiny model gains nothing by a second thread, and loses much where every core is taken.
os.environ.setdefault("OMP_NUM_THREADS", "1")

DEFAULT_POSTGRES = "postgres://postgres@127.0.0.1:5432/screening_room"
CHOSEN = os.environ.get("TEST_DATABASE_URL", "")
POSTGRES = CHOSEN if CHOSEN.startswith("postgres") else os.environ.get("TEST_POSTGRES_URL", DEFAULT_POSTGRES)
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def answers(url: str, default_port: int) -> bool:
    """Whether something listens at this address."""
    address = urlparse(url)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or default_port), timeout=1):
            return True
    except OSError:
        return False


def postgres_lets_us_in() -> bool:
    """Whether PostgreSQL takes our login at `POSTGRES` (its database `postgres` is always there)."""
    server = urlparse(POSTGRES)._replace(path="/postgres").geturl().replace("postgres://", "postgresql://", 1)
    try:
        psycopg.connect(server, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def chromium() -> str | None:
    """The path of the system's Chromium or Chrome."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def set_up() -> Path:
    """Point the settings at a scratch folder and the chosen database; return the folder."""
    scratch = Path(tempfile.mkdtemp(prefix="screening-room-tests-"))
    (scratch / "static").mkdir()  # whitenoise looks for it
    on_postgres = CHOSEN != "sqlite" and postgres_lets_us_in()
    os.environ["DEBUG"] = "1"
    os.environ["SECRET_KEY"] = "only-for-tests"
    os.environ["DATA_DIR"] = str(scratch)
    os.environ["DATABASE_URL"] = POSTGRES if on_postgres else f"sqlite:///{scratch / 'tests.sqlite3'}"
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/9")
    if process := os.environ.get("PYTEST_XDIST_WORKER"):  # gw0, gw1, ...: a Redis database each
        base, _, number = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{base}/{(int(number) + 1 + int(process[2:])) % 16}"
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's sync API runs an event loop
    return scratch


def other_database() -> str:
    """The database that `set_up` does not choose; empty when there is no other."""
    if not postgres_lets_us_in():
        return ""
    return POSTGRES if CHOSEN == "sqlite" else "sqlite"


if __name__ == "__main__":
    print(other_database())
else:
    SCRATCH = set_up()
