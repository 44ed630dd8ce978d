"""Keep a lease while work goes on that may be silent for minutes: slow servers, many ratings to read."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import Error, connection

logger = logging.getLogger(__name__)


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
