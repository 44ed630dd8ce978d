"""Keep a lease while work goes on that may be silent for minutes: slow servers, many ratings to read.

And say who is at work at all, so that leads are told where nobody is.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import Error, connection
from django.db.models.functions import Now

from datasets_app.models import SILENT, WorkerSeen

logger = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(days=1)


@contextmanager
def signs_of_life(give: Callable[[], object], *, every: float) -> Iterator[None]:
    """Call `give` every so many seconds while inside, in a thread with a database connection of its own.

    It stops with its process, so that another worker soon takes up what a killed one held.
    """
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every):
            try:
                give()
            except Error:
                logger.exception("a sign of life was lost")
            finally:
                connection.close()

    thread = threading.Thread(target=go_on, name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def be_seen() -> None:
    """Say from now on that this process is there, in a thread that ends with it."""

    def go_on() -> None:
        while True:
            try:
                say_here()
            except Error:
                logger.exception("a sign of life was lost")
            finally:
                connection.close()
            time.sleep(SILENT.total_seconds() / 4)

    threading.Thread(target=go_on, name="be seen", daemon=True).start()


def say_here() -> None:
    """One row a process."""
    row = WorkerSeen(worker=f"{socket.gethostname()}:{os.getpid()}", seen_at=Now())
    WorkerSeen.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["worker"], update_fields=["seen_at"]
    )


def forget_silent() -> None:
    """Drop the rows of processes that are long gone."""
    WorkerSeen.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()
