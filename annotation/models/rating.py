"""What raters say: seats in the queue, drafts, ratings with their history, and the verdict they add up to."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models.people import User
from annotation.models.project import Arm
from annotation.models.scores import Reasons, Scores, Shown, on_scale
from annotation.models.video import Video
from annotation.scale import DIMENSIONS


class Purpose(models.TextChoices):
    """Why a rating was made; only `main` counts toward overlap."""

    MAIN = "main", "Main"
    TRAINING = "training", "Training"
    GOLD = "gold", "Gold"
    REPEAT = "repeat", "Repeat"


class SeatQuerySet(models.QuerySet["Seat"]):
    def free(self) -> "SeatQuerySet":
        """Seats that nobody has filled and nobody holds; a lease past its end no longer holds."""
        return self.filter(Q(holder=None) | Q(leased_until__lt=Now()), filled_at=None)

    def held_by(self, rater: User) -> "SeatQuerySet":
        """Seats leased to this rater, also past the lease's end while nobody else took them."""
        return self.filter(holder=rater, leased_until__isnull=False)


class Seat(models.Model):
    """One of a video's overlap places. Free, leased to `holder` until `leased_until`, or filled for good."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="seats")
    number = models.PositiveSmallIntegerField()
    holder = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="seats")
    leased_until = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="seat_number_unique_per_video", fields=["video", "number"]),
            models.UniqueConstraint(
                name="one_seat_per_video_and_holder",
                fields=["video", "holder"],
                condition=Q(holder__isnull=False),
            ),
            models.CheckConstraint(
                name="seat_is_free_or_leased_or_filled",
                condition=Q(holder__isnull=True, leased_until__isnull=True, filled_at__isnull=True)
                | Q(holder__isnull=False, leased_until__isnull=False, filled_at__isnull=True)
                | Q(leased_until__isnull=True, filled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="seat_open", fields=["video"], condition=Q(filled_at__isnull=True)),
            models.Index(name="seat_leased", fields=["leased_until"], condition=Q(leased_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"seat {self.number} of {self.video}"


class Draft(Scores, Reasons, Shown):
    """A rater's unfinished work on a video, made when the video is first leased; it fixes the arm.

    `revision` rises with each save, so that a stale tab is told; `submit_key` makes a repeated submit one
    rating.
    """

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="drafts")
    rater = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    arm = models.CharField(max_length=8, choices=Arm.choices)
    flagged = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    submit_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    opened_at = models.DateTimeField(null=True, blank=True)  # first on the screen; null while only preloaded
    saved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_draft_per_video_and_rater", fields=["video", "rater"]),
            *[on_scale("draft", dimension) for dimension in DIMENSIONS],
            models.CheckConstraint(name="draft_arm_known", condition=Q(arm__in=Arm.values)),
        ]

    def __str__(self) -> str:
        return f"draft of {self.rater} on {self.video}"


class RatingQuerySet(models.QuerySet["Rating"]):
    def live(self) -> "RatingQuerySet":
        """The newest version of each rating that was not taken back."""
        return self.filter(live=True)

    def counted(self) -> "RatingQuerySet":
        """Live ratings that count toward overlap and verdicts."""
        return self.filter(live=True, purpose=Purpose.MAIN, extra=False)


class Rating(Scores, Reasons, Shown):
    """One version of a rater's three scores and reasons for a video. Rows are never rewritten.

    A change is a new row with the next `version`; at most one row per (video, rater, purpose) is `live`.
    `extra` marks work that came after the video's seats were full: kept, not counted.
    """

    video = models.ForeignKey(Video, on_delete=models.PROTECT, related_name="ratings")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="ratings")
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.MAIN)
    version = models.PositiveSmallIntegerField(default=1)
    live = models.BooleanField(default=True)
    extra = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    arm = models.CharField(max_length=8, choices=Arm.choices)
    imported = models.BooleanField(default=False)  # came from a file, not from the rating room
    rationale = models.TextField(blank=True)  # the `thinking` that came with an imported record
    submit_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    seconds = models.FloatField(null=True, blank=True)  # from opening the video to submitting
    submitted_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # taken back by the rater

    objects = RatingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_live_rating_per_video_rater_and_purpose",
                fields=["video", "rater", "purpose"],
                condition=Q(live=True),
            ),
            models.UniqueConstraint(name="rating_version_unique", fields=["video", "rater", "purpose", "version"]),
            *[on_scale("rating", dimension, required=True) for dimension in DIMENSIONS],
            models.CheckConstraint(name="rating_arm_known", condition=Q(arm__in=Arm.values)),
            models.CheckConstraint(name="rating_purpose_known", condition=Q(purpose__in=Purpose.values)),
            models.CheckConstraint(
                name="rating_withdrawn_is_not_live", condition=Q(withdrawn_at__isnull=True) | Q(live=False)
            ),
        ]
        indexes = [
            models.Index(name="rating_live_by_rater", fields=["rater", "-submitted_at"], condition=Q(live=True))
        ]

    def __str__(self) -> str:
        return f"{self.rater} on {self.video}, version {self.version}"


class Skip(models.Model):
    """A video that a rater passed over, and why. It is not offered to them again."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="skips")
    rater = models.ForeignKey(User, on_delete=models.CASCADE, related_name="skips")
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_skip_per_video_and_rater", fields=["video", "rater"]),
            models.CheckConstraint(name="skip_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.rater} skipped {self.video}"


class VerdictPolicy(models.TextChoices):
    """How a verdict came from its ratings."""

    SINGLE = "single", "Single rating"
    MEDIAN = "median", "Median of the ratings"


class Verdict(Scores):
    """The settled scores of a video: the lower median per dimension, with the exact medians beside it."""

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="verdict")
    policy = models.CharField(max_length=8, choices=VerdictPolicy.choices)
    visual_quality_exact = models.FloatField()
    text_alignment_exact = models.FloatField()
    physical_consistency_exact = models.FloatField()
    ratings = models.ManyToManyField(Rating, related_name="verdicts")
    settled_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            *[on_scale("verdict", dimension, required=True) for dimension in DIMENSIONS],
            models.CheckConstraint(name="verdict_policy_known", condition=Q(policy__in=VerdictPolicy.values)),
        ]

    def __str__(self) -> str:
        return f"verdict on {self.video}"
