"""Trials that lost their worker or their doorbell, and those that are old: beat looks after them."""

import shutil
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from datasets_app.trials.ask import ring_trial
from datasets_app.trials.keep import remove_trial
from datasets_app.trials.models import Trial, TrialState

RING_AGAIN_AFTER = timedelta(seconds=60)
WAITS_AT_MOST = timedelta(hours=2)
KEPT = timedelta(days=7)
LEFT_BEHIND_SECONDS = 3600  # a folder without a row that is younger may still be getting it
WORKER_LOST = "The worker stopped while it worked on this clip."
NO_WORKER = "No worker took it within two hours. Is one running that listens to this scorer's queue?"


def sweep() -> None:
    """End what nobody works on any more, ring again for what waits, remove what is older than a week."""
    ended = {"state": TrialState.FAILED, "lease": None, "leased_until": None, "finished_at": Now()}
    Trial.objects.overdue().update(reason=WORKER_LOST, **ended)
    Trial.objects.waiting().filter(asked_at__lt=Now() - WAITS_AT_MOST).update(reason=NO_WORKER, **ended)
    unheard = Trial.objects.waiting().filter(rung_at__lt=Now() - RING_AGAIN_AFTER)
    for trial in unheard.select_related("scorer_version__scorer"):
        Trial.objects.filter(pk=trial.pk).update(rung_at=Now())
        ring_trial(trial)
    for trial in Trial.objects.filter(created_at__lt=Now() - KEPT):
        remove_trial(trial)
    remove_left_behind()


def remove_left_behind() -> None:
    """Folders whose row was never committed, or went with its project."""
    root = Path(settings.MEDIA_ROOT) / "trials"
    young = time.time() - LEFT_BEHIND_SECONDS
    old = {folder.name: folder for folder in (root.iterdir() if root.is_dir() else []) if _age(folder) < young}
    known = {public_id.hex for public_id in Trial.objects.values_list("public_id", flat=True)} if old else set()
    for name in old.keys() - known:
        shutil.rmtree(old[name], ignore_errors=True)


def _age(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return float("inf")  # gone this moment
