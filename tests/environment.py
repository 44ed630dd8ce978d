"""Where the tests run: PostgreSQL where one answers, else SQLite; a real Redis, or a loud skip.

`TEST_DATABASE_URL` and `REDIS_URL` choose others. `FORBID_SKIPS=1` (set by `.ci/run`) turns skips into failures.
"""

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlparse

SCRATCH = Path(tempfile.mkdtemp(prefix="screening-room-tests-"))


def answers(url: str, default_port: int) -> bool:
    """Whether something listens at this address."""
    address = urlparse(url)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or default_port), timeout=1):
            return True
    except OSError:
        return False


POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/screening_room")
os.environ["DEBUG"] = "1"
os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["DATA_DIR"] = str(SCRATCH)
os.environ["DATABASE_URL"] = (
    POSTGRES
    if POSTGRES.startswith("postgres") and answers(POSTGRES, 5432)
    else f"sqlite:///{SCRATCH / 'tests.sqlite3'}"
)
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/9")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's sync API runs an event loop
