"""Prompts, the models that answered them, and the videos they made."""

import hashlib
import uuid
from pathlib import PurePosixPath

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models.people import User
from annotation.models.project import Project


class Prompt(models.Model):
    """A text that videos were made from. `priority` and `position` are its rank in the queue."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompts")
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64, editable=False)
    source = models.CharField(max_length=100, blank=True)
    priority = models.FloatField(default=0.0)  # higher first; set by the project's order
    position = models.PositiveIntegerField()  # random once, ties of priority follow it

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_prompt_per_project_and_text", fields=["project", "text_sha256"])
        ]
        indexes = [models.Index(name="prompt_queue", fields=["project", "-priority", "position"])]

    def __str__(self) -> str:
        return self.text[:80]

    @staticmethod
    def hash_text(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()


class T2VModel(models.Model):
    """A text-to-video generator; `tier` as in VideoFeedback2 (Modern, Good, Moderate, Poor/Early)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="t2v_models")
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=50, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="one_t2v_model_per_project_and_name", fields=["project", "name"])
        ]

    def __str__(self) -> str:
        return self.name


# One of the sentences in `Video.warnings`.
VARIABLE_RATE = "The frame rate varies: a frame's number is not its time multiplied by the rate."


class MediaState(models.TextChoices):
    """Whether a video can be watched yet."""

    WAITING = "waiting", _("Waiting for the media worker")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    MISSING = "missing", _("File not imported")


def original_path(video: "Video", filename: str) -> str:
    """`videos/<2 hex>/<opaque id>/original<suffix>`: names on disk are ours, never the importer's."""
    return f"{video.folder}/original{PurePosixPath(filename).suffix.lower()[:8]}"


class VideoQuerySet(models.QuerySet["Video"]):
    def visible_to(self, user: User | AnonymousUser) -> "VideoQuerySet":
        """Videos of the projects that this person is a member of."""
        return self.filter(project__memberships__user=user.pk) if user.pk else self.none()

    def watchable(self) -> "VideoQuerySet":
        """Videos whose browser copy, poster and thumbnails are there."""
        return self.filter(media_state=MediaState.READY)

    def to_settle(self) -> "VideoQuerySet":
        """Videos that raters settle: all but the guidelines' examples, which have no seats."""
        return self.filter(guideline_example=None)

    def scorable(self) -> "VideoQuerySet":
        """Videos whose original is here and sound: scorers need no browser copy."""
        return self.filter(media_state__in=[MediaState.WAITING, MediaState.READY])

    def to_prepare(self) -> "VideoQuerySet":
        """Videos that wait for the media worker and that none holds, on the database's clock."""
        is_free = Q(media_lease__isnull=True) | Q(media_leased_until__lt=Now())
        return self.filter(is_free, media_state=MediaState.WAITING)


class Video(models.Model):
    """One generated clip. The original is kept byte for byte; browsers get `rendition` where it is set."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="videos")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="videos")
    t2v_model = models.ForeignKey(T2VModel, on_delete=models.PROTECT, related_name="videos")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    source_url = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)  # the manifest's other keys, as they came
    created_at = models.DateTimeField(auto_now_add=True)

    original = models.FileField(upload_to=original_path, max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)

    # What the probe measured.
    container = models.CharField(max_length=40, blank=True)
    codec = models.CharField(max_length=40, blank=True)
    pixel_format = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(default=0)  # pixels
    height = models.PositiveIntegerField(default=0)
    fps = models.FloatField(default=0.0)
    frames = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    warnings = models.JSONField(default=list, blank=True)  # sentences for people

    # What the media worker made of it.
    media_state = models.CharField(max_length=10, choices=MediaState.choices, default=MediaState.WAITING)
    media_reason = models.TextField(blank=True)
    media_attempts = models.PositiveSmallIntegerField(default=0)
    media_lease = models.UUIDField(null=True, blank=True, editable=False)
    media_leased_until = models.DateTimeField(null=True, blank=True)
    rendition = models.FileField(max_length=300, blank=True)  # set only when browsers cannot play the original
    poster = models.FileField(max_length=300, blank=True)  # JPEG
    thumbnails = models.FileField(max_length=300, blank=True)  # JPEG strip of `thumbnail_count` equal tiles
    thumbnail_count = models.PositiveSmallIntegerField(default=0)

    objects = VideoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="video_name_unique_in_project", fields=["project", "name"]),
            models.UniqueConstraint(
                name="one_video_per_file_prompt_and_t2v_model",
                fields=["project", "sha256", "prompt", "t2v_model"],
                condition=~Q(sha256=""),
            ),
            models.CheckConstraint(name="video_media_state_known", condition=Q(media_state__in=MediaState.values)),
            models.CheckConstraint(
                name="video_has_file_unless_missing",
                condition=Q(media_state=MediaState.MISSING) | (~Q(sha256="") & ~Q(original="")),
            ),
        ]
        indexes = [models.Index(name="video_by_media_state", fields=["project", "media_state"])]

    def __str__(self) -> str:
        return self.name

    @property
    def has_variable_rate(self) -> bool:
        """Whether the probe found steps of different lengths between the frames."""
        return VARIABLE_RATE in self.warnings

    @property
    def folder(self) -> str:
        """Where this video's files live, relative to the media root."""
        return f"videos/{self.public_id.hex[:2]}/{self.public_id.hex}"
