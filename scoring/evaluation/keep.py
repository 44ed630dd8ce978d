"""What was loaded for an evaluation, kept until a rating or a suggestion that it rests on changes."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.db.models import BigIntegerField, Count, F, Max, Q, Sum, Value
from django.db.models.functions import Cast, Coalesce

from annotation.models import Project, Rating, ScorerVersion, Suggestion, Video
from annotation.scale import DIMENSION_KEYS, MAX_SCORE
from scoring.evaluation.load import Loaded, load
from scoring.evaluation.truth import truth

KEEP_SECONDS = 24 * 3600
AT_ONCE = 3000  # answers whose figures come with a page; those of a larger project follow
FORM = 1  # of what is kept: raise it when `Loaded` changes


def fingerprint(project: Project, versions: Sequence[ScorerVersion], ratings: str) -> str:
    """sha256 of what the figures rest on: another one means that they may be others by now."""
    return hashlib.sha256(json.dumps([ratings, _stamp(project, versions)], default=str).encode()).hexdigest()


def loaded(project: Project, versions: Sequence[ScorerVersion], ratings: str) -> list[Loaded]:
    """Each version's answers beside the human scores; anew when they have changed."""
    found = {version.pk: _kept(project, version, ratings) for version in versions}
    lacking = [version for version in versions if found[version.pk] is None]
    if lacking:
        stamps = {version.pk: fingerprint(project, [version], ratings) for version in lacking}
        people = truth(project, ratings)  # after the stamps: what comes meanwhile makes them old
        for version in lacking:
            found[version.pk] = load(project, version, people)
            cache.set(_key(project, version, ratings), (stamps[version.pk], found[version.pk]), KEEP_SECONDS)
    return [one for version in versions if (one := found[version.pk]) is not None]


def is_kept(project: Project, versions: Sequence[ScorerVersion], ratings: str) -> bool:
    """Whether `loaded` would answer at once."""
    return all(_kept(project, version, ratings) is not None for version in versions)


def come_at_once(project: Project, versions: Sequence[ScorerVersion], ratings: str) -> bool:
    """Whether a page need not be sent before the figures of these versions."""
    return project.videos.count() * len(versions) <= AT_ONCE or is_kept(project, versions, ratings)


def _kept(project: Project, version: ScorerVersion, ratings: str) -> Loaded | None:
    kept = cache.get(_key(project, version, ratings))
    if not kept or kept[0] != fingerprint(project, [version], ratings):
        return None
    found: Loaded = kept[1]
    return found


def _key(project: Project, version: ScorerVersion, ratings: str) -> str:
    return f"evaluation-{FORM}-{project.pk}-{version.pk}-{ratings}"


def _stamp(project: Project, versions: Sequence[ScorerVersion]) -> list[object]:
    ratings = Rating.objects.filter(video__project=project).aggregate(
        newest=Max("pk"),
        live=Count("pk", filter=Q(live=True)),
        extra=Count("pk", filter=Q(extra=True)),
        withdrawn=Max("withdrawn_at"),
    )
    suggestions = (
        Suggestion.objects.filter(scorer_version__in=versions, sample=0, video__project=project)
        .order_by("scorer_version")
        .values_list("scorer_version")
        .annotate(newest=Max("pk"), n=Count("pk"), said=Sum(_said()))
    )
    videos = Video.objects.filter(project=project).aggregate(
        newest=Max("pk"),
        n=Count("pk"),
        tierless=Count("pk", filter=Q(t2v_model__tier="")),  # an import fills in what is not known
        sourceless=Count("pk", filter=Q(prompt__source="")),
    )
    return [*ratings.values(), *videos.values(), *map(list, suggestions)]


def _said() -> Any:
    """A number that changes with a suggestion's scores: imported ones are written over by a later file's."""
    said: Any = Value(0)
    for key in DIMENSION_KEYS:
        said = said * (MAX_SCORE + 1) + Coalesce(F(key), 0)
    return Cast(said, BigIntegerField()) * F("video_id")
