"""Rank prompts for the queue by the order that the lead chose. Higher priority comes first."""

from collections import defaultdict

from django.db.models import Avg, F, FloatField, Max, Min, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from annotation.models import Distribution, Order, Project, Prompt, Rating
from annotation.scale import DIMENSION_KEYS


def rank_prompts(project: Project) -> None:
    """Set the priority of each of the project's prompts; ties keep their random position. Safe to run twice.

    Uncertainty: 1 - mean confidence of the suggester over the prompt's videos and dimensions, 0 where it said
    nothing. Disagreement: the mean over videos of the widest spread of counted scores, 0 to 4 steps.
    """
    if project.order == Order.UNCERTAINTY:
        _rank_by_uncertainty(project)
    elif project.order == Order.DISAGREEMENT:
        _rank_by_disagreement(project)
    else:
        project.prompts.exclude(priority=0.0).update(priority=0.0)


def _rank_by_uncertainty(project: Project) -> None:
    confidence = (
        Distribution.objects.filter(
            suggestion__scorer_version=project.suggester_id,
            suggestion__sample=0,
            suggestion__video__prompt=OuterRef("pk"),
        )
        .order_by()
        .values("suggestion__video__prompt")
        .annotate(uncertainty=Value(1.0) - Avg("confidence"))
        .values("uncertainty")
    )
    nothing = Value(0.0, output_field=FloatField())
    project.prompts.update(priority=Coalesce(Subquery(confidence), nothing))


def _rank_by_disagreement(project: Project) -> None:
    spread = {f"{key}_spread": Max(F(f"ratings__{key}")) - Min(F(f"ratings__{key}")) for key in DIMENSION_KEYS}
    videos = (
        project.videos.filter(pk__in=Rating.objects.counted().filter(video__project=project).values("video"))
        .filter(ratings__live=True, ratings__purpose="main", ratings__extra=False)
        .annotate(**spread)
        .values_list("prompt_id", *spread)
    )
    widest: dict[int, list[int]] = defaultdict(list)
    for prompt_pk, *spreads in videos:
        widest[prompt_pk].append(max(spreads))
    prompts = list(project.prompts.only("pk", "priority"))
    for prompt in prompts:
        values = widest[prompt.pk]
        prompt.priority = sum(values) / len(values) if values else 0.0
    Prompt.objects.bulk_update(prompts, ["priority"], batch_size=1_000)
