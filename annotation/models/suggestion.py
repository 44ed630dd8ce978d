"""What scorers say about videos."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from annotation.models.scores import Scores, on_scale
from annotation.models.video import Video
from annotation.scale import DIMENSIONS

IMPORTED = "imported"  # the scorer that carries `*_score_model` of imported records


class Scorer(models.Model):
    """A model or method that makes suggestions, by the name it has in the registry."""

    name = models.SlugField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class ScorerVersion(models.Model):
    """A scorer with everything that changes its answers: checkpoint and settings, identified by their hash."""

    scorer = models.ForeignKey(Scorer, on_delete=models.PROTECT, related_name="versions")
    checkpoint = models.CharField(max_length=300, blank=True)
    settings = models.JSONField(default=dict)
    settings_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_scorer_version_per_settings", fields=["scorer", "settings_sha256"])
        ]

    def __str__(self) -> str:
        stand_in = " (stand-in)" if self.stand_in else ""
        return f"{self.scorer.name} {self.settings_sha256[:8]}{stand_in}"

    @property
    def stand_in(self) -> bool:
        """Its weights are the tiny checkpoint of tests and demo: right in form, without judgement."""
        return bool(self.settings.get("stand_in"))


class SuggestionStatus(models.TextChoices):
    COMPLETE = "complete", _("Complete")
    REPAIRED = "repaired", _("Read in spite of its form")
    PARTIAL = "partial", _("Abstained on some dimensions")
    UNREADABLE = "unreadable", _("Unreadable answer")


class Suggestion(Scores):
    """One answer of a scorer version about a video. A null score means that it abstained."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="suggestions")
    scorer_version = models.ForeignKey(ScorerVersion, on_delete=models.PROTECT, related_name="suggestions")
    sample = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=SuggestionStatus.choices)
    raw_text = models.TextField(blank=True)  # as the model wrote it
    rationale = models.TextField(blank=True)
    saw = models.JSONField(null=True, blank=True)  # `frames`, `seconds`, `width`, `height`; null: every frame
    seconds = models.FloatField(null=True, blank=True)  # time the scorer took
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_suggestion_per_video_version_and_sample",
                fields=["video", "scorer_version", "sample"],
            ),
            *[on_scale("suggestion", dimension) for dimension in DIMENSIONS],
            models.CheckConstraint(
                name="suggestion_status_known", condition=Q(status__in=SuggestionStatus.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scorer_version} on {self.video}"


class Distribution(models.Model):
    """A suggestion's numbers for one dimension, where its scorer gave any.

    `soft_score` is the model card's best * p(best) / sum(p), `expected_score` sum(s * p(s)) / sum(p),
    `confidence` p(best) / sum(p); `p1`..`p5` are the probabilities of the five digits. Where more than one
    sample was asked for, `spread` is the standard deviation of all samples' scores, kept with sample 0.
    """

    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="distributions")
    dimension = models.CharField(
        max_length=24, choices=[(dimension.key, dimension.label) for dimension in DIMENSIONS]
    )
    soft_score = models.FloatField()
    expected_score = models.FloatField()
    confidence = models.FloatField()
    spread = models.FloatField(null=True, blank=True)
    p1 = models.FloatField()
    p2 = models.FloatField()
    p3 = models.FloatField()
    p4 = models.FloatField()
    p5 = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_distribution_per_suggestion_and_dimension", fields=["suggestion", "dimension"]
            ),
            models.CheckConstraint(
                name="distribution_dimension_known",
                condition=Q(dimension__in=[dimension.key for dimension in DIMENSIONS]),
            ),
            models.CheckConstraint(
                name="distribution_confidence_is_a_share", condition=Q(confidence__gte=0, confidence__lte=1)
            ),
            models.CheckConstraint(
                name="distribution_expected_score_on_scale",
                condition=Q(expected_score__gte=1, expected_score__lte=5),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.expected_score:.2f}"

    @property
    def probabilities(self) -> tuple[float, float, float, float, float]:
        return (self.p1, self.p2, self.p3, self.p4, self.p5)
