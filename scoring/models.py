"""Scoring jobs: the truth about what was asked of scorers; and who works on them. The broker wakes workers.

Evaluations of what they answered are in `scoring/evaluation/models.py`.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion, Video
from scoring.evaluation.models import Evaluation, EvaluationState
from scoring.wanted import WantedReconciliation

__all__ = ["Evaluation", "EvaluationState", "Heartbeat", "Job", "JobState", "WantedReconciliation"]

MAX_ATTEMPTS = 3


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    LEASED = "leased", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class JobQuerySet(models.QuerySet["Job"]):
    def queued(self) -> "JobQuerySet":
        """Jobs that wait for a worker."""
        return self.filter(state=JobState.QUEUED)

    def open(self) -> "JobQuerySet":
        """Jobs that still owe an answer: queued or running."""
        return self.filter(state__in=[JobState.QUEUED, JobState.LEASED])

    def failed(self) -> "JobQuerySet":
        """Jobs that were given up, each with its reason."""
        return self.filter(state=JobState.FAILED)

    def overdue(self) -> "JobQuerySet":
        """Jobs whose worker let the lease run out, by the database's clock."""
        return self.filter(state=JobState.LEASED, leased_until__lt=Now())

    def held_with(self, lease: uuid.UUID | None) -> "JobQuerySet":
        """Jobs that the bearer of this token still holds."""
        return self.filter(state=JobState.LEASED, lease=lease)

    def of(self, project: Project) -> "JobQuerySet":
        """Jobs about this project's videos."""
        return self.filter(video__project=project)


class Job(models.Model):
    """One scoring of a video by a scorer version. A late result without the current lease is refused."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="jobs")
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.PROTECT, related_name="jobs")
    sample = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, default=None, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)  # when its doorbell was last rung
    reason = models.TextField(blank=True)  # why it failed
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_job_per_video_version_and_sample", fields=["video", "scorer_version", "sample"]
            ),
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=JobState.values)),
            models.CheckConstraint(
                name="job_leased_has_a_lease",
                condition=Q(state=JobState.LEASED, lease__isnull=False, leased_until__isnull=False)
                | (~Q(state=JobState.LEASED) & Q(lease__isnull=True, leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="job_failed_has_a_reason", condition=~Q(state=JobState.FAILED) | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(
                name="job_open",
                fields=["scorer_version", "state", "attempts", "sample", "created_at"],
                condition=Q(state__in=[JobState.QUEUED, JobState.LEASED]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.scorer_version} on video {self.video_id}: {self.state}"


def new_lease() -> uuid.UUID:
    """A fencing token: only its bearer may finish the job."""
    return uuid.uuid4()


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def alive(self) -> "HeartbeatQuerySet":
        """Processes seen within two leases: they work, or ended their last drain a moment ago."""
        return self.filter(seen_at__gt=Now() - 2 * timedelta(seconds=settings.SCORING_LEASE_SECONDS))

    def loading(self) -> "HeartbeatQuerySet":
        """Processes that are busy loading their scorer, which may take minutes."""
        return self.alive().filter(batch_size=None, trouble="")

    def troubled(self) -> "HeartbeatQuerySet":
        """Processes whose scorer could not work when it was asked last; `trouble` says why."""
        return self.alive().exclude(trouble="")


class Heartbeat(models.Model):
    """A process that drains a scorer's queue, as it said itself. One that is killed or stopped says nothing."""

    worker = models.CharField(max_length=200, unique=True)  # host:process id
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.CASCADE, related_name="heartbeats")
    device = models.CharField(max_length=200, blank=True)  # in words for people; empty until the scorer is loaded
    batch_size = models.PositiveSmallIntegerField(null=True, blank=True)  # null until the scorer is loaded
    trouble = models.TextField(blank=True)  # why it could not work
    started_at = models.DateTimeField()  # of its first drain
    seen_at = models.DateTimeField(db_index=True)

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.worker}: {self.scorer_version}"
