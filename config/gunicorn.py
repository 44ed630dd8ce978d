"""gunicorn's options beside those on the command line in the Dockerfile: JSON logs, and a folder for metrics.

It writes no access log of its own, which would hold query strings: `config/watch_requests.py` writes a line for
each request.
"""

import os
import shutil
import tempfile
from typing import Any

from config.json_logs import logging_settings

as_json = os.environ.get("DEBUG", "").lower() not in ("1", "true", "yes", "on")
logconfig_dict = logging_settings(as_json=as_json, level="INFO")


def on_starting(server: Any) -> None:
    """Give the processes a folder to count requests in, empty at each start; not the disk's if memory will do."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a folder of our own is made there
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="screening-room-metrics-", dir=shared)


def on_exit(server: Any) -> None:
    """Of the master alone: a worker that ends leaves its counts, which still hold."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
