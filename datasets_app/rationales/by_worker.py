"""Reconciling a large project by a worker: asked for, done, and taken up when the worker was lost."""

import uuid
from datetime import timedelta

from celery import signature
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Now

from annotation.doorbell import ring
from annotation.models import Project, ScorerVersion, User
from datasets_app.rationales.reconcile import reconcile
from scoring.models import WantedReconciliation

LEASE = timedelta(minutes=11)  # longer than a task may take, so that nothing has to renew it
MAX_ATTEMPTS = 3
TOO_LONG = "It took longer than a task may take."


@transaction.atomic
def want(project: Project, version: ScorerVersion, by: User | None) -> None:
    """Ask a worker; asked twice it is done anew, which does no harm."""
    anew = {"asked_by": by, "attempts": 0, "reason": "", "lease": None, "leased_until": None}
    wanted, _ = WantedReconciliation.objects.update_or_create(
        project=project, scorer_version=version, defaults=anew
    )
    _ring(wanted.pk)


def work_off(pk: int) -> None:
    """Do it; nothing happens when another worker has it or it is done."""
    lease, until = uuid.uuid4(), ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())
    due = WantedReconciliation.objects.due().filter(pk=pk)
    if not due.update(lease=lease, leased_until=until, attempts=F("attempts") + 1):
        return
    mine = WantedReconciliation.objects.filter(pk=pk, lease=lease)
    wanted = mine.select_related("project", "scorer_version__scorer", "asked_by").first()
    if wanted is None:
        return
    try:
        reconcile(wanted.project, wanted.scorer_version, by=wanted.asked_by)
    except SoftTimeLimitExceeded:
        mine.update(lease=None, leased_until=None, reason=TOO_LONG)
    else:
        mine.delete()


def take_back_lost() -> None:
    """Ring for all that no worker has in hand; give up what has cost three workers."""
    due = WantedReconciliation.objects.due()
    stopped = f"The worker stopped {MAX_ATTEMPTS} times while it reconciled the scores."
    due.filter(attempts__gte=MAX_ATTEMPTS).update(lease=None, leased_until=None, reason=stopped)
    for pk in WantedReconciliation.objects.due().values_list("pk", flat=True):
        _ring(pk)


def _ring(pk: int) -> None:
    ring(signature("datasets_app.tasks.reconcile_task"), pk)
