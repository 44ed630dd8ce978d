"""How videos come in and data goes out: imports, and releases frozen into a folder of their own."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models import Project, User
from datasets_app.trials.models import Trial, TrialState

__all__ = ["Import", "ImportState", "Release", "ReleaseFormat", "ReleaseState", "Trial", "TrialState"]


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
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, editable=False)  # only its bearer may finish the build
    leased_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="release_number_unique_in_project", fields=["project", "number"]),
            models.CheckConstraint(name="release_state_known", condition=Q(state__in=ReleaseState.values)),
            models.CheckConstraint(name="release_format_known", condition=Q(format__in=ReleaseFormat.values)),
            models.CheckConstraint(
                name="release_failed_has_a_reason", condition=~Q(state=ReleaseState.FAILED) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"release {self.number} of {self.project}"

    @property
    def folder(self) -> Path:
        """Where its files lie once it is done."""
        return Path(settings.RELEASES_ROOT) / str(self.project_id) / f"{self.number:04d}"


class ImportState(models.TextChoices):
    WAITING = "waiting", "Waiting for the worker"
    DONE = "done", "Done"
    FAILED = "failed", "Stopped"


class Import(models.Model):
    """A manifest sent through the page. The worker takes it in short stretches and remembers the last line done.

    A stretch holds the lease; whoever lost it may not write any more. `line_done` and the counts change in the
    transaction that stores the videos, so that a killed worker neither loses nor repeats a row.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    manifest_name = models.CharField(max_length=200)  # as it was called on the lead's machine
    uploads = models.JSONField(default=dict)  # sent file name -> our file name in `folder`
    state = models.CharField(max_length=8, choices=ImportState.choices, default=ImportState.WAITING)
    reason = models.TextField(blank=True)  # why it stopped
    attempts = models.PositiveSmallIntegerField(default=0)  # since the last line that was done
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    lines = models.PositiveIntegerField(default=0)
    line_done = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    already_there = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)  # the first [line, reason] pairs
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="import_state_known", condition=Q(state__in=ImportState.values)),
            models.CheckConstraint(
                name="import_failed_has_a_reason", condition=~Q(state=ImportState.FAILED) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"import of {self.manifest_name} into {self.project}"

    @property
    def folder(self) -> str:
        """Where its manifest and uploads wait, relative to the media root."""
        return f"imports/{self.public_id.hex}"
