"""Rank prompts for the queue by the order that the lead chose. Higher priority comes first."""

from collections import defaultdict

from django.db import transaction
from django.db.models import Avg, FloatField, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from annotation.models import Distribution, Order, Project, Prompt, Rating, Video
from annotation.scale import DIMENSION_KEYS


def rank_prompts(project: Project) -> None:
    """Set the priority of each of the project's prompts; ties keep their random position. Safe to run twice.

    Uncertainty: 1 - mean confidence of the suggester over the prompt's videos and dimensions, 0 where it said
    nothing. Disagreement: the mean over videos of the widest spread of counted scores, 0 to 4 steps.
    """
    if project.order == Order.UNCERTAINTY:
        _rank_by_uncertainty(project)
    elif project.order == Order.DISAGREEMENT:
        _rank_by_disagreement(project.prompts.all())
    else:
        project.prompts.exclude(priority=0.0).update(priority=0.0)


def rank_after_rating(video: Video) -> None:
    """Set the priority of this video's prompt anew where ratings decide it."""
    if video.project.order == Order.DISAGREEMENT:
        _rank_by_disagreement(Prompt.objects.filter(pk=video.prompt_id))


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


@transaction.atomic
def _rank_by_disagreement(prompts: QuerySet[Prompt]) -> None:
    # Locked first: of two videos of a prompt that are rated at once, the later one counts both.
    ranked = list(prompts.select_for_update(no_key=True).order_by("pk").only("pk", "priority"))
    spreads = [Max(key) - Min(key) for key in DIMENSION_KEYS]
    videos = (
        Rating.objects.counted()
        .filter(video__prompt__in=prompts)
        .order_by()
        .values("video__prompt", "video")
        .annotate(spread=Greatest(*spreads))
        .values_list("video__prompt", "spread")
    )
    widest: dict[int, list[int]] = defaultdict(list)
    for prompt_pk, spread in videos:
        widest[prompt_pk].append(spread)
    for prompt in ranked:
        values = widest[prompt.pk]
        prompt.priority = sum(values) / len(values) if values else 0.0
    Prompt.objects.bulk_update(ranked, ["priority"], batch_size=1_000)
