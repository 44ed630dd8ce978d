"""Scoring jobs: the truth about what was asked of scorers. The broker only carries doorbells."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import Project, ScorerVersion, Video

MAX_ATTEMPTS = 3


class JobState(models.TextChoices):
    QUEUED = "queued", "Queued"
    LEASED = "leased", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


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
                fields=["scorer_version", "state", "attempts", "created_at"],
                condition=Q(state__in=[JobState.QUEUED, JobState.LEASED]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.scorer_version} on video {self.video_id}: {self.state}"


def new_lease() -> uuid.UUID:
    """A fencing token: only its bearer may finish the job."""
    return uuid.uuid4()
