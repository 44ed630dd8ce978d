"""The one way to wake a worker. The database is the truth: a doorbell that is not heard costs time, never work."""

import logging
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(task: Any, *args: int) -> None:
    """Send `task` with these ids once the transaction commits. A dead broker is logged; the sweeper rings again.

    Connecting takes at most the broker's `socket_connect_timeout`; nothing is retried here.
    """
    transaction.on_commit(lambda: _send(task, args), robust=True)


def _send(task: Any, args: tuple[int, ...]) -> None:
    try:
        task.apply_async(args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell %s%s not heard: %s", task.name, args, error)
