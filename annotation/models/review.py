"""Review: why a video waits for a reviewer, and what the reviewers decided."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models.people import User
from annotation.models.rating import Rating
from annotation.models.scores import Scores, on_scale
from annotation.models.video import Video
from annotation.scale import DIMENSIONS


class Decision(models.TextChoices):
    """What a reviewer decided about a video."""

    ACCEPT = "accept", _("Accepted")
    RETURN = "return", _("Returned")
    FIX = "fix", _("Fixed")


class ReturnReason(models.TextChoices):
    """The usual reasons to return a rating; the reviewer's own words stand beside it."""

    VAGUE = "vague", _("The reason does not say what you saw")
    AT_ODDS = "at_odds", _("The reason and the score do not fit together")
    MISSED = "missed", _("Something in the video was missed")
    PROMPT = "prompt", _("The prompt was read differently")
    GUIDELINES = "guidelines", _("It does not follow the guidelines")
    OTHER = "other", _("Another reason")


class Review(Scores):
    """One decision of a reviewer, never rewritten: `ratings` are those it looked at.

    Accept: they stand, and the verdict is what they add up to. Return: `rating` goes back to its rater with a
    reason. Fix: these scores are the verdict.
    """

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=6, choices=Decision.choices)
    rating = models.ForeignKey(
        Rating, null=True, blank=True, on_delete=models.PROTECT, related_name="returns"
    )  # the one returned
    preset = models.CharField(max_length=10, choices=ReturnReason.choices, blank=True)
    words = models.TextField(blank=True)
    ratings = models.ManyToManyField(Rating, related_name="reviews")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["video", "pk"]
        constraints = [
            *[on_scale("review", dimension) for dimension in DIMENSIONS],
            models.CheckConstraint(name="review_decision_known", condition=Q(decision__in=Decision.values)),
            models.CheckConstraint(
                name="review_returns_a_rating_with_a_reason",
                condition=(Q(decision=Decision.RETURN, rating__isnull=False) & ~Q(preset=""))
                | (~Q(decision=Decision.RETURN) & Q(rating__isnull=True, preset="")),
            ),
            models.CheckConstraint(
                name="review_preset_known", condition=Q(preset="") | Q(preset__in=ReturnReason.values)
            ),
            models.CheckConstraint(
                name="review_fixes_all_three_scores",
                condition=Q(
                    decision=Decision.FIX, **{f"{dimension.key}__isnull": False for dimension in DIMENSIONS}
                )
                | (
                    ~Q(decision=Decision.FIX) & Q(**{f"{dimension.key}__isnull": True for dimension in DIMENSIONS})
                ),
            ),
        ]
        indexes = [models.Index(name="review_of_video", fields=["video", "-id"])]

    def __str__(self) -> str:
        return f"{self.decision} of {self.video} by {self.reviewer}"


# From which difference a person should look (steps of the scale).
RATERS_DIFFER = 2
MODEL_DIFFERS = 3


class CaseReason(models.TextChoices):
    """Why a reviewer should look at a video; each value is a column of `ReviewCase`."""

    RATERS_DIFFER = "raters_differ", _("Raters differ by 2 or more")
    FAR_FROM_MODEL = "far_from_model", _("Rater and model differ by 3 or more")
    CHECKED = "checked", _("Marked by the check before submit")
    FLAGGED = "flagged", _("Flagged by a rater")
    ANSWERED = "answered", _("Answered after a return")
    AUDIT = "audit", _("Drawn for audit")


class CaseState(models.TextChoices):
    OPEN = "open", _("Waits for a reviewer")
    RETURNED = "returned", _("Waits for its rater")
    CLOSED = "closed", _("Decided")


class ReviewCaseQuerySet(models.QuerySet["ReviewCase"]):
    def open(self) -> "ReviewCaseQuerySet":
        """Cases that wait for a reviewer."""
        return self.filter(state=CaseState.OPEN)

    def returned(self) -> "ReviewCaseQuerySet":
        """Cases of which a rating is out with its rater."""
        return self.filter(state=CaseState.RETURNED)


class ReviewCase(models.Model):
    """Why a video is in the review queue. Brought up to date whenever its ratings or its suggestion change."""

    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="review_case")
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    raters_differ = models.BooleanField(default=False)  # by `RATERS_DIFFER` or more in a dimension
    far_from_model = models.BooleanField(default=False)  # a rater by `MODEL_DIFFERS` or more in a dimension
    checked = models.BooleanField(default=False)  # a rating passed with a check mark
    flagged = models.BooleanField(default=False)  # by a rater
    answered = models.BooleanField(default=False)  # a rater answered a return
    audit = models.BooleanField(default=False)  # drawn at random
    opened_at = models.DateTimeField(db_default=Now())  # since when it is in this state

    objects = ReviewCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="review_case_state_known", condition=Q(state__in=CaseState.values)),
            models.CheckConstraint(
                name="review_case_has_a_reason",
                condition=Q(state=CaseState.CLOSED)
                | Q(raters_differ=True)
                | Q(far_from_model=True)
                | Q(checked=True)
                | Q(flagged=True)
                | Q(answered=True)
                | Q(audit=True)
                | Q(state=CaseState.RETURNED),
            ),
        ]
        indexes = [
            models.Index(name="review_case_open", fields=["opened_at", "id"], condition=Q(state=CaseState.OPEN))
        ]

    def __str__(self) -> str:
        return f"{self.video}: {self.state}"

    @property
    def reasons(self) -> "list[CaseReason]":
        """Why it is here, most telling first."""
        return [reason for reason in CaseReason if getattr(self, reason)]
