"""Releases: frozen datasets, built by the worker into a folder of their own."""

from django.db import models
from django.db.models import Q

from annotation.models import Project, User


class ReleaseFormat(models.TextChoices):
    RECORDS = "records", "Records (JSONL)"
    SFT = "sft", "SFT (LLaMA-Factory)"
    RL = "rl", "RL (Video-R1)"


class ReleaseState(models.TextChoices):
    QUEUED = "queued", "Queued"
    BUILDING = "building", "Building"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Release(models.Model):
    """A dataset asked for on the page. `settings` are the keyword arguments of `export.export_dataset`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    format = models.CharField(max_length=8, choices=ReleaseFormat.choices)
    settings = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ReleaseState.choices, default=ReleaseState.QUEUED)
    reason = models.TextField(blank=True)
    counts = models.JSONField(default=dict)
    written = models.PositiveIntegerField(default=0)  # records so far, for the progress bar
    total = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="release_number_unique_in_project", fields=["project", "number"]),
            models.CheckConstraint(name="release_state_known", condition=Q(state__in=ReleaseState.values)),
            models.CheckConstraint(name="release_format_known", condition=Q(format__in=ReleaseFormat.values)),
        ]

    def __str__(self) -> str:
        return f"release {self.number} of {self.project}"
