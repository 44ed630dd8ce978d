"""The one way to wake a worker. The database is the truth: a doorbell that is not heard costs time, never work."""

import logging
import time
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

QUIET_SECONDS = 5.0  # after a failure nothing is tried for so long
URGENT, ORDINARY = 0, 6  # Redis: the lower is taken first
_quiet_until = 0.0  # on this process's monotonic clock


def ring(task: Any, *args: int, urgent: bool = False) -> None:
    """Send `task` with these ids once the transaction commits. A dead broker is logged; the sweeper rings again.

    Workers take an urgent one, for which somebody waits, before all others. Connecting takes at most the
    broker's `socket_connect_timeout`. Nothing is retried, and of many doorbells only the first waits for a dead
    broker.
    """
    transaction.on_commit(lambda: _send(task, args, URGENT if urgent else ORDINARY), robust=True)


def _send(task: Any, args: tuple[int, ...], priority: int) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        task.apply_async(args, priority=priority, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("doorbell %s%s not heard, and none for %g s: %s", task.name, args, QUIET_SECONDS, error)
