"""What raters say: seats in the queue, drafts, ratings with their history, and the verdict they add up to."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models.people import User
from annotation.models.project import Arm
from annotation.models.scores import Reasons, Scores, Shown, on_scale
from annotation.models.video import Video
from annotation.scale import DIMENSIONS

DIMENSION_CHOICES = [(dimension.key, dimension.label) for dimension in DIMENSIONS]


class Purpose(models.TextChoices):
    """Why a rating was made; only `main` counts toward overlap."""

    MAIN = "main", _("Main")
    TRAINING = "training", _("Training")
    GOLD = "gold", _("Gold")
    REPEAT = "repeat", _("Repeat")


class Stage(models.TextChoices):
    """How a version of a rating comes about. All but the first revise a rating that is there."""

    FIRST = "first", _("First version")
    REVEAL = "reveal", _("After the model was revealed")
    EDIT = "edit", _("Edited by its rater")
    RETURN = "return", _("Returned by a reviewer")


class Revision(models.Model):
    """What a draft or a version revises, why, and which return of a reviewer it answers."""

    stage = models.CharField(max_length=6, choices=Stage.choices, default=Stage.FIRST)
    revises = models.ForeignKey(
        "annotation.Rating", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)s_revisions"
    )
    returned = models.ForeignKey(
        "annotation.Review", null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)s_answers"
    )
    change_reason = models.TextField(blank=True)  # the rater's words for the change

    class Meta:
        abstract = True


def revises_unless_first(table: str) -> models.CheckConstraint:
    """The constraint that ties a stage to what it revises and to the return it answers."""
    first = Q(stage=Stage.FIRST, revises__isnull=True, returned__isnull=True)
    own = Q(stage__in=[Stage.REVEAL, Stage.EDIT], revises__isnull=False, returned__isnull=True)
    returned = Q(stage=Stage.RETURN, revises__isnull=False, returned__isnull=False)
    return models.CheckConstraint(name=f"{table}_revises_unless_first", condition=first | own | returned)


class Playback(models.Model):
    """How the video was played, as the browser counted it; null where nothing was recorded."""

    watched = models.FloatField(null=True, blank=True)  # share of the video's frames that were played, 0 to 1
    plays = models.PositiveIntegerField(null=True, blank=True)  # times from first to last frame at 1x or slower
    stalls = models.PositiveIntegerField(null=True, blank=True)  # times that it stopped to load

    class Meta:
        abstract = True


def watched_is_a_share(table: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"{table}_watched_is_a_share",
        condition=Q(watched__isnull=True) | Q(watched__gte=0, watched__lte=1),
    )


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


class Draft(Scores, Reasons, Shown, Revision, Playback):
    """A rater's unfinished work on a video, made when the video is first leased; it fixes the arm.

    `revision` rises with each save, so that a stale tab is told; `submit_key` makes a repeated submit one
    rating. A draft that `revises` a rating turns into its next version.
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
            revises_unless_first("draft"),
            watched_is_a_share("draft"),
        ]
        indexes = [models.Index(name="draft_unfinished", fields=["rater"], condition=~Q(stage=Stage.FIRST))]

    def __str__(self) -> str:
        return f"draft of {self.rater} on {self.video}"

    @property
    def may_show_suggestion(self) -> bool:
        """Whether the arm allows the suggestion on this draft's screen: before deciding, or after the reveal."""
        return self.arm == Arm.PREFILL or (self.arm == Arm.REVEAL and self.stage != Stage.FIRST)


class RatingQuerySet(models.QuerySet["Rating"]):
    def live(self) -> "RatingQuerySet":
        """The newest version of each rating that was not taken back."""
        return self.filter(live=True)

    def counted(self) -> "RatingQuerySet":
        """Live ratings that count toward overlap and verdicts."""
        return self.filter(live=True, purpose=Purpose.MAIN, extra=False)

    def counted_or_before_reveal(self) -> "RatingQuerySet":
        """Counted ratings, and beside those in the arm `reveal` what was said before the model was revealed."""
        before = Q(arm=Arm.REVEAL, stage=Stage.FIRST, withdrawn_at=None)
        return self.filter(Q(live=True) | before, purpose=Purpose.MAIN, extra=False)

    def firsts(self) -> "RatingQuerySet":
        """One row for each video that a rater has rated: first versions that were not taken back."""
        return self.filter(stage=Stage.FIRST, withdrawn_at=None)


class Rating(Scores, Reasons, Shown, Revision, Playback):
    """One version of a rater's three scores and reasons for a video. Rows are never rewritten.

    A change is a new row with the next `version`; at most one row per (video, rater, purpose) is `live`.
    `extra` marks work that came after the video's seats were full: kept, not counted. In the arm `reveal` the
    version of stage `first` was written before the suggestion was sent, the one of stage `reveal` after.
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
            revises_unless_first("rating"),
            watched_is_a_share("rating"),
        ]
        indexes = [
            models.Index(name="rating_live_by_rater", fields=["rater", "-submitted_at"], condition=Q(live=True)),
            models.Index(
                name="rating_first_by_rater",
                fields=["rater", "submitted_at"],
                condition=Q(stage=Stage.FIRST, withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rater} on {self.video}, version {self.version}"


class TimeMark(models.Model):
    """A moment that a reason names, read from its text when the rating is submitted."""

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="time_marks")
    dimension = models.CharField(max_length=24, choices=DIMENSION_CHOICES)
    seconds = models.FloatField()
    frame = models.PositiveIntegerField()  # counted from 0

    class Meta:
        ordering = ["rating", "seconds", "pk"]
        constraints = [
            models.CheckConstraint(
                name="time_mark_dimension_known", condition=Q(dimension__in=[key for key, _ in DIMENSION_CHOICES])
            ),
            models.CheckConstraint(name="time_mark_not_before_start", condition=Q(seconds__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s f{self.frame}"


class Check(models.TextChoices):
    """What the check before submit looks for in a reason."""

    EMPTY = "empty", _("no real words")
    AT_ODDS = "at_odds", _("words and score at odds")
    COPIES_MODEL = "copies_model", _("copies the model's text")
    COPIES_SELF = "copies_self", _("repeats an earlier reason")


class CheckMark(models.Model):
    """What the check before submit found and its rater let stand: a reviewer looks at it."""

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="check_marks")
    dimension = models.CharField(max_length=24, choices=DIMENSION_CHOICES)
    found = models.CharField(max_length=12, choices=Check.choices)

    class Meta:
        ordering = ["rating", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_check_mark_per_rating_dimension_and_check", fields=["rating", "dimension", "found"]
            ),
            models.CheckConstraint(name="check_mark_known", condition=Q(found__in=Check.values)),
            models.CheckConstraint(
                name="check_mark_dimension_known", condition=Q(dimension__in=[key for key, _ in DIMENSION_CHOICES])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.found}"


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

    SINGLE = "single", _("Single rating")
    MEDIAN = "median", _("Median of the ratings")
    REVIEWER = "reviewer", _("Set by a reviewer")


class Verdict(Scores):
    """The settled scores of a video: the lower median per dimension, with the exact medians beside it.

    A reviewer's fix takes their place: then `review` is that decision, and the exact values are its scores.
    """

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="verdict")
    policy = models.CharField(max_length=8, choices=VerdictPolicy.choices)
    visual_quality_exact = models.FloatField()
    text_alignment_exact = models.FloatField()
    physical_consistency_exact = models.FloatField()
    ratings = models.ManyToManyField(Rating, related_name="verdicts")
    review = models.ForeignKey(
        "annotation.Review", null=True, blank=True, on_delete=models.PROTECT, related_name="verdicts"
    )
    settled_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            *[on_scale("verdict", dimension, required=True) for dimension in DIMENSIONS],
            models.CheckConstraint(name="verdict_policy_known", condition=Q(policy__in=VerdictPolicy.values)),
            models.CheckConstraint(
                name="verdict_of_a_reviewer_has_its_review",
                condition=Q(policy=VerdictPolicy.REVIEWER, review__isnull=False)
                | (~Q(policy=VerdictPolicy.REVIEWER) & Q(review__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"verdict on {self.video}"
