"""Clips that a lead puts to a scorer once. Kept for some days; no rater and no release ever sees them."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion, User


class TrialState(models.TextChoices):
    WAITING = "waiting", _("Waiting for a worker")
    RUNNING = "running", _("Being answered")
    DONE = "done", _("Answered")
    FAILED = "failed", _("Failed")


class TrialQuerySet(models.QuerySet["Trial"]):
    def waiting(self) -> "TrialQuerySet":
        """Trials that no worker has taken."""
        return self.filter(state=TrialState.WAITING)

    def held_with(self, lease: uuid.UUID | None) -> "TrialQuerySet":
        """Trials that the bearer of this token still works on."""
        return self.filter(state=TrialState.RUNNING, lease=lease)

    def overdue(self) -> "TrialQuerySet":
        """Trials whose worker let the lease run out, by the database's clock."""
        return self.filter(state=TrialState.RUNNING, leased_until__lt=Now())


class Trial(models.Model):
    """One clip, one prompt, one scorer version, one answer. `answer` is what `score_video --json` prints."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="trials")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.PROTECT, related_name="+")
    prompt = models.TextField()
    name = models.CharField(max_length=200)  # as the file was called on the lead's machine
    original = models.FileField(max_length=300)
    bytes = models.PositiveBigIntegerField()

    # What the probe measured.
    container = models.CharField(max_length=40)
    codec = models.CharField(max_length=40)
    pixel_format = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField()  # pixels
    height = models.PositiveIntegerField()
    fps = models.FloatField()
    frames = models.PositiveIntegerField()
    seconds = models.FloatField()
    warnings = models.JSONField(default=list, blank=True)  # sentences for people

    state = models.CharField(max_length=8, choices=TrialState.choices, default=TrialState.WAITING)
    reason = models.TextField(blank=True)  # why it failed
    text_so_far = models.TextField(blank=True)  # of an answer that is being written
    answer = models.JSONField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, default=None, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(db_default=Now())  # the last time
    rung_at = models.DateTimeField(db_default=Now())  # when its doorbell was last rung
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="trial_state_known", condition=Q(state__in=TrialState.values)),
            models.CheckConstraint(
                name="trial_running_has_a_lease",
                condition=Q(state=TrialState.RUNNING, lease__isnull=False, leased_until__isnull=False)
                | (~Q(state=TrialState.RUNNING) & Q(lease__isnull=True, leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="trial_done_has_an_answer", condition=~Q(state=TrialState.DONE) | Q(answer__isnull=False)
            ),
            models.CheckConstraint(
                name="trial_failed_has_a_reason", condition=~Q(state=TrialState.FAILED) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"trial of {self.name} in {self.project}"

    @property
    def folder(self) -> str:
        """Where its files lie, relative to the media root."""
        return f"trials/{self.public_id.hex}"

    @property
    def open(self) -> bool:
        """Whether an answer is still to come."""
        return self.state in (TrialState.WAITING, TrialState.RUNNING)
