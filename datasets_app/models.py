"""How videos come in and data goes out: imports, and releases frozen into a folder of their own."""

import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion, User
from datasets_app.takedown.models import DoomedFolder, ProjectDeletion
from datasets_app.trials.models import Trial, TrialState

__all__ = [
    "DoomedFolder",
    "Import",
    "ImportState",
    "ProjectDeletion",
    "RefusedRow",
    "Release",
    "ReleaseFormat",
    "ReleaseState",
    "Remedy",
    "TrainedOn",
    "Trial",
    "TrialState",
    "WorkerSeen",
]

SILENT = timedelta(minutes=2)  # four signs of life: whoever says nothing for so long is not there


class WorkerSeenQuerySet(models.QuerySet["WorkerSeen"]):
    def lately(self) -> "WorkerSeenQuerySet":
        """Workers that are there now, by the database's clock."""
        return self.filter(seen_at__gt=Now() - SILENT)


class WorkerSeen(models.Model):
    """A worker of the queue `media`, as it said itself. One that is killed or stopped says nothing."""

    worker = models.CharField(max_length=200, unique=True)  # host:process id
    seen_at = models.DateTimeField(db_index=True)

    objects = WorkerSeenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.worker


def nobody_works() -> bool:
    """Whether what waits for the queue `media` waits for nobody."""
    return not WorkerSeen.objects.lately().exists()


class ReleaseFormat(models.TextChoices):
    RECORDS = "records", _("Records (JSONL)")
    SFT = "sft", _("SFT (LLaMA-Factory)")
    RL = "rl", _("RL (Video-R1)")
    BENCH = "bench", _("Bench (VideoScore-Bench-v2)")
    PREFERENCES = "preferences", _("Preference pairs")
    PARQUET = "parquet", _("Parquet (Hugging Face datasets)")


class ReleaseState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    BUILDING = "building", _("Building")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    DELETED = "deleted", _("Deleted")  # its files are gone; its number is not given again


class ReleaseQuerySet(models.QuerySet["Release"]):
    def standing(self) -> "ReleaseQuerySet":
        """Releases that nobody deleted."""
        return self.exclude(state=ReleaseState.DELETED)


class Release(models.Model):
    """A dataset asked for on the page. `settings` are the fields of `export_options.Options`, all of them."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    settings = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ReleaseState.choices, default=ReleaseState.QUEUED)
    reason = models.TextField(blank=True)
    counts = models.JSONField(default=dict)
    written = models.PositiveIntegerField(default=0)  # records so far, for the progress bar
    total = models.PositiveIntegerField(default=0)
    manifest_sha256 = models.CharField(max_length=64, blank=True)  # of the manifest's bytes, once it is done
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True, editable=False)  # only its bearer may finish the build
    leased_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="release_number_unique_in_project", fields=["project", "number"]),
            models.CheckConstraint(name="release_state_known", condition=Q(state__in=ReleaseState.values)),
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

    @property
    def open(self) -> bool:
        """Whether it is still to be built."""
        return self.state in (ReleaseState.QUEUED, ReleaseState.BUILDING)

    @property
    def stalled(self) -> bool:
        """Whether it is still to be built, and by nobody."""
        return self.open and nobody_works()

    @property
    def format_labels(self) -> list[str]:
        """Its formats in words for people."""
        return [str(ReleaseFormat(name).label) for name in self.settings["formats"]]

    @property
    def split_words(self) -> str:
        """Its splits with their shares, the largest first; empty without any."""
        largest_first = sorted(self.settings.get("split", {}).items(), key=lambda item: (-item[1], item[0]))
        return " / ".join(f"{name} {share:g}" for name, share in largest_first)


class TrainedOn(models.Model):
    """A lead's word that a scorer version was trained on a release: the link from data to model and back."""

    scorer_version = models.OneToOneField(ScorerVersion, on_delete=models.CASCADE, related_name="trained_on")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="trained")
    stated_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    stated_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.scorer_version} trained on {self.release}"


class ImportState(models.TextChoices):
    WAITING = "waiting", _("Waiting for the worker")
    DONE = "done", _("Done")
    FAILED = "failed", _("Stopped")


class Import(models.Model):
    """A manifest on its way in. The worker takes one of the page in short stretches, a command all of its own.

    Who works holds the lease; whoever lost it may not write any more. `line_done`, the counts and the refused rows
    change in the transaction that stores the videos, so that a kill neither loses nor repeats a row.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    manifest_name = models.CharField(max_length=200)  # as it was called on the lead's machine
    manifest_sha256 = models.CharField(max_length=64, blank=True)  # of a command's, by which it goes on
    root = models.TextField(blank=True)  # the folder of a command's files; empty for one of the page
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
    only_refused = models.BooleanField(default=False)  # going over refused rows once more
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

    @property
    def stalled(self) -> bool:
        """Whether it waits for a worker, and there is none."""
        return self.state == ImportState.WAITING and not self.root and nobody_works()

    @property
    def can_try_refused_again(self) -> bool:
        """Whether some refused row may be taken as it stands, and the manifest is still here."""
        return self.state == ImportState.DONE and self._is_kept and self.refused.to_try_again().exists()

    @property
    def can_go_on(self) -> bool:
        """Whether it stopped and what was sent through the page is still here."""
        return bool(self.state == ImportState.FAILED and not self.root and self._is_kept)

    @property
    def _is_kept(self) -> bool:
        return (Path(settings.MEDIA_ROOT) / self.folder).is_dir()


class Remedy(models.TextChoices):
    AGAIN = "again", _("Try again.")  # what is around the row may have changed
    FILE = "file", _("Send the file.")
    ROW = "row", _("Mend the row.")


class RefusedRowQuerySet(models.QuerySet["RefusedRow"]):
    def to_try_again(self) -> "RefusedRowQuerySet":
        """Rows that may be taken another time just as they stand."""
        return self.filter(remedy=Remedy.AGAIN)

    def to_send(self) -> "RefusedRowQuerySet":
        """Rows that need a file which was not sent along, or another one than was."""
        return self.filter(remedy=Remedy.FILE)


class RefusedRow(models.Model):
    """A line of an import that was not taken, and why."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="refused")
    line = models.PositiveIntegerField()
    named = models.TextField(
        blank=True, default=""
    )  # what people know it by: its video, or its prompt's beginning
    reason = models.TextField()
    remedy = models.CharField(max_length=5, choices=Remedy.choices, default=Remedy.AGAIN)

    objects = RefusedRowQuerySet.as_manager()

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(name="one_refusal_per_import_and_line", fields=["run", "line"]),
            models.CheckConstraint(name="refused_row_remedy_known", condition=Q(remedy__in=Remedy.values)),
        ]

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.named}' if self.named else ''}: {self.reason}"
