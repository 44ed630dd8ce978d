"""The heartbeat of a drain: it holds the leases of what is in hand, and says who is at work."""

import logging
import os
import socket
import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import Error, connection
from django.db.models.functions import Now

from annotation.models import ScorerVersion
from scoring.claims import extend
from scoring.models import Heartbeat, Job
from scoring.protocol import Scorer

logger = logging.getLogger(__name__)

LONGEST = timedelta(seconds=600)  # a task's hard limit: what is in hand for longer is given up
CHANGES = ["scorer_version", "device", "batch_size", "trouble", "seen_at"]


class Heart:
    """Beats three times a lease, in a thread of its own, from `with` until its end.

    It stops with its process: what a killed or stopped worker holds is soon free for others.
    """

    def __init__(self, version: ScorerVersion) -> None:
        self._version = version
        self._scorer: Scorer[Any, Any] | None = None
        self._held: dict[int, tuple[list[Job], float]] = {}  # until when, on this process's monotonic clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="heart", daemon=True)

    def __enter__(self) -> Self:
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def knows(self, scorer: Scorer[Any, Any]) -> None:
        """The scorer is loaded: say on which device, and how much it takes at once."""
        self._scorer = scorer
        self._write()

    def tell(self, trouble: str) -> None:
        """Say why this process cannot work."""
        self._write(trouble)

    def hold(self, jobs: list[Job]) -> None:
        """Keep the leases of these jobs."""
        self._held[id(jobs)] = (jobs, time.monotonic() + LONGEST.total_seconds())

    def let_go(self, jobs: list[Job]) -> None:
        """These have ended, or were given back."""
        self._held.pop(id(jobs), None)

    def _go_on(self) -> None:
        try:
            while not self._ended.wait(settings.SCORING_LEASE_SECONDS / 3):
                try:
                    self._beat()
                except Error:  # the next beat has a connection of its own
                    logger.exception("a heartbeat was lost")
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        for jobs, until in list(self._held.values()):
            if time.monotonic() < until:
                extend(jobs)
        self._write()

    def _write(self, trouble: str = "") -> None:
        """One row a process. It was started when it was first seen."""
        row = Heartbeat(
            worker=f"{socket.gethostname()}:{os.getpid()}",
            scorer_version=self._version,
            device=str(getattr(self._scorer, "device", "CPU"))[:200] if self._scorer else "",
            batch_size=self._scorer.batch_size if self._scorer else None,
            trouble=trouble,
            started_at=Now(),
            seen_at=Now(),
        )
        Heartbeat.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["worker"], update_fields=CHANGES
        )
