"""What a lead has asked a worker for and is still owed: scores reconciled with a scorer version's."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import Project, ScorerVersion, User


class WantedQuerySet(models.QuerySet["WantedReconciliation"]):
    def due(self) -> "WantedQuerySet":
        """Those that no worker has in hand, by the database's clock, and that were not given up."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=Now()), reason="")


class WantedReconciliation(models.Model):
    """There while it is owed, and gone once it is done. One that was given up stays, with its `reason`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="wanted_reconciliations")
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True)  # why it was given up
    lease = models.UUIDField(null=True, blank=True, editable=False)  # only its bearer may say that it is done
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = WantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_wanted_reconciliation_per_project_and_version", fields=["project", "scorer_version"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.project} with {self.scorer_version}"
