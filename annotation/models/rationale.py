"""What becomes of a model's rationale and scores beside the experts': edited texts, and adjustments by a rule."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models.people import User
from annotation.models.rating import Rating
from annotation.models.scores import Scores, on_scale
from annotation.models.suggestion import ScorerVersion, Suggestion
from annotation.models.video import Video
from annotation.scale import DIMENSIONS


class EditedRationaleQuerySet(models.QuerySet["EditedRationale"]):
    def live(self) -> "EditedRationaleQuerySet":
        """The last accepted text of each video."""
        return self.filter(live=True)


class EditedRationale(Scores):
    """A rationale as a lead or expert corrected and accepted it. Never rewritten: the next one takes its place.

    It began as the text of a suggestion, or as the one that came with an imported rating. Its scores are those
    it was accepted for: where the video's scores are others by now, text and scores no longer agree.
    """

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="edited_rationales")
    suggestion = models.ForeignKey(Suggestion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rating = models.ForeignKey(Rating, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    live = models.BooleanField(default=True)
    editor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="edited_rationales")
    created_at = models.DateTimeField(db_default=Now())

    objects = EditedRationaleQuerySet.as_manager()

    class Meta:
        ordering = ["video", "pk"]
        constraints = [
            *[on_scale("edited_rationale", dimension, required=True) for dimension in DIMENSIONS],
            models.UniqueConstraint(
                name="one_live_edited_rationale_per_video", fields=["video"], condition=Q(live=True)
            ),
            models.CheckConstraint(name="edited_rationale_has_text", condition=~Q(text="")),
            models.CheckConstraint(
                name="edited_rationale_began_as_one_text",
                condition=Q(suggestion__isnull=False, rating__isnull=True)
                | Q(suggestion__isnull=True, rating__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"rationale of {self.video} by {self.editor}"


class AdjustmentRule(models.TextChoices):
    """How a model's scores adjust the experts'."""

    # Of each dimension, human h and model m: at most 1 apart h, 2 apart int((h + m) / 2); 3 or more in any of
    # them: the model is asked again, up to three times, then the video is left out (arXiv 2509.22799).
    VIDEOFEEDBACK2 = "videofeedback2", _("VideoFeedback2's reconciliation")


class AdjustmentOutcome(models.TextChoices):
    KEPT = "kept", _("Kept")
    AVERAGED = "averaged", _("Averaged")
    SENT_BACK = "sent_back", _("Sent back to the model")
    DISCARDED = "discarded", _("Discarded")


class Adjustment(Scores):
    """What a rule makes of a verdict beside a scorer version: training scores of their own; the verdict stays.

    `*_human` are the verdict's scores that the rule was applied to and `suggestion` the model's answer that it
    ended with, the `tries`-th of this version. Scores are null unless the outcome is kept or averaged.
    """

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="adjustments")
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.PROTECT, related_name="adjustments")
    rule = models.CharField(max_length=20, choices=AdjustmentRule.choices, default=AdjustmentRule.VIDEOFEEDBACK2)
    outcome = models.CharField(max_length=10, choices=AdjustmentOutcome.choices)
    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="+")
    tries = models.PositiveSmallIntegerField(default=1)
    visual_quality_human = models.PositiveSmallIntegerField()
    text_alignment_human = models.PositiveSmallIntegerField()
    physical_consistency_human = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["video", "pk"]
        constraints = [
            *[on_scale("adjustment", dimension) for dimension in DIMENSIONS],
            models.UniqueConstraint(
                name="one_adjustment_per_video_version_and_rule", fields=["video", "scorer_version", "rule"]
            ),
            models.CheckConstraint(name="adjustment_rule_known", condition=Q(rule__in=AdjustmentRule.values)),
            models.CheckConstraint(
                name="adjustment_has_scores_unless_put_aside",
                condition=Q(
                    outcome__in=[AdjustmentOutcome.KEPT, AdjustmentOutcome.AVERAGED],
                    **{f"{dimension.key}__isnull": False for dimension in DIMENSIONS},
                )
                | Q(
                    outcome__in=[AdjustmentOutcome.SENT_BACK, AdjustmentOutcome.DISCARDED],
                    **{f"{dimension.key}__isnull": True for dimension in DIMENSIONS},
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.video}: {self.outcome}"

    @property
    def human(self) -> dict[str, int]:
        """The verdict's scores by dimension key, as they were."""
        return {dimension.key: getattr(self, f"{dimension.key}_human") for dimension in DIMENSIONS}
