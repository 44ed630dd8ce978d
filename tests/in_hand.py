"""Stop a real worker while it has jobs in hand."""

import signal
import time
from datetime import datetime
from uuid import UUID

from django.db import connection

from scoring.models import Job
from tests.worker import Worker


def stop_in_mid_job(worker: Worker) -> None:
    """Stop the worker's processes while one has a job in hand, and none is in the middle of a transaction."""
    while True:
        lease = lease_in_hand()
        worker.signal(signal.SIGSTOP)
        if at_rest() and at_rest() and Job.objects.filter(state="leased", lease=lease).exists():
            return
        worker.signal(signal.SIGCONT)


def at_rest() -> bool:
    """Half a second from now, when what was on its way has arrived: whether nobody else works in the database."""
    time.sleep(0.5)
    others = "datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from pg_stat_activity where {others}")
        return cursor.fetchone() == (0,)


def lease_in_hand() -> UUID:
    """A lease that was extended since we first saw it: its worker has read the jobs and is scoring them."""
    first_seen: dict[UUID, datetime] = {}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for lease, until in Job.objects.filter(state="leased").values_list("lease", "leased_until"):
            if first_seen.setdefault(lease, until) != until:
                return lease
    raise TimeoutError("no lease was extended within 60 s")
