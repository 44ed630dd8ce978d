"""An evaluation whose intervals were asked for: what was compared, how far it is, and what came out."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion, User


class EvaluationState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


OPEN_STATES = (EvaluationState.QUEUED, EvaluationState.RUNNING)


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def open(self) -> "EvaluationQuerySet":
        """Those that still owe their figures."""
        return self.filter(state__in=OPEN_STATES)

    def overdue(self) -> "EvaluationQuerySet":
        """Those whose worker let the lease run out, by the database's clock."""
        return self.filter(state=EvaluationState.RUNNING, leased_until__lt=Now())


class Evaluation(models.Model):
    """Figures with their intervals, as they were at `finished_at`. A late result without the lease is refused.

    `settings` are `ratings`, `repeats` and `seed`; `results` what `scoring.evaluation.results` says. `fingerprint`
    tells whether what they rest on has changed since.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.PROTECT, related_name="evaluations")
    other_version = models.ForeignKey(
        ScorerVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations_against"
    )
    settings = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=EvaluationState.choices, default=EvaluationState.QUEUED)
    reason = models.TextField(blank=True)  # why it failed
    done = models.PositiveIntegerField(default=0)  # repeats so far, for the progress bar
    total = models.PositiveIntegerField(default=0)
    results = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)  # sha256 of what the figures rest on
    seconds = models.FloatField(null=True, blank=True)  # that it took
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, editable=False)  # only its bearer may finish it
    leased_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="evaluation_state_known", condition=Q(state__in=EvaluationState.values)),
            models.CheckConstraint(
                name="evaluation_running_has_a_lease",
                condition=Q(state=EvaluationState.RUNNING, lease__isnull=False, leased_until__isnull=False)
                | (~Q(state=EvaluationState.RUNNING) & Q(lease__isnull=True, leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="evaluation_failed_has_a_reason",
                condition=~Q(state=EvaluationState.FAILED) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="evaluation_done_has_its_fingerprint",
                condition=~Q(state=EvaluationState.DONE) | ~Q(fingerprint=""),
            ),
            models.CheckConstraint(
                name="evaluation_of_two_different_versions",
                condition=Q(other_version__isnull=True) | ~Q(other_version=F("scorer_version")),
            ),
        ]

    def __str__(self) -> str:
        against = f" against {self.other_version}" if self.other_version_id else ""
        return f"{self.scorer_version}{against}: {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
