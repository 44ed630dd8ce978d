"""The shape that people and models share: three scores. Abstract; each keeps a table of its own."""

from django.db import models
from django.db.models import Q

from annotation.scale import DIMENSION_KEYS, MAX_SCORE, MIN_SCORE, Dimension


def score_field() -> "models.PositiveSmallIntegerField[int | None, int | None]":
    return models.PositiveSmallIntegerField(null=True, blank=True)


class Scores(models.Model):
    """Three scores of the scale; null where nothing was said."""

    visual_quality = score_field()
    text_alignment = score_field()
    physical_consistency = score_field()

    class Meta:
        abstract = True

    @property
    def scores(self) -> dict[str, int | None]:
        """Scores by dimension key, in the order of the scale."""
        return {key: getattr(self, key) for key in DIMENSION_KEYS}


class Reasons(models.Model):
    """A person's written reason for each dimension."""

    visual_quality_reason = models.TextField(blank=True)
    text_alignment_reason = models.TextField(blank=True)
    physical_consistency_reason = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def reasons(self) -> dict[str, str]:
        """Reasons by dimension key, in the order of the scale."""
        return {key: getattr(self, f"{key}_reason") for key in DIMENSION_KEYS}


class Shown(models.Model):
    """What a rater was really shown of a suggestion, per dimension, and when; null where nothing was."""

    suggestion = models.ForeignKey(
        "annotation.Suggestion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    visual_quality_shown = score_field()
    text_alignment_shown = score_field()
    physical_consistency_shown = score_field()
    shown_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def shown(self) -> dict[str, int | None]:
        """Shown scores by dimension key, in the order of the scale."""
        return {key: getattr(self, f"{key}_shown") for key in DIMENSION_KEYS}


def on_scale(table: str, dimension: Dimension, *, required: bool = False) -> models.CheckConstraint:
    """The constraint that keeps a table's score between 1 and 5."""
    on_the_scale = Q(**{f"{dimension.key}__gte": MIN_SCORE.value, f"{dimension.key}__lte": MAX_SCORE.value})
    missing = Q(**{f"{dimension.key}__isnull": True})
    return models.CheckConstraint(
        name=f"{table}_{dimension.key}_on_scale",
        condition=(on_the_scale & ~missing) if required else (on_the_scale | missing),
    )
