"""What a video's page says about its suggestions and ratings, dimension by dimension."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Prefetch, QuerySet

from annotation.models import CheckMark, Distribution, Project, Rating, Review, ScorerVersion, Suggestion, Video
from annotation.scale import DIMENSIONS, Dimension
from annotation.time_marks import Moment, moments_in


def videos_with_opinions(project: Project) -> QuerySet[Video]:
    """The project's videos with everything that was said and decided about them, for one video's page."""
    suggestions = Suggestion.objects.select_related("scorer_version__scorer").prefetch_related("distributions")
    ratings = Rating.objects.select_related("rater", "returned").prefetch_related("check_marks")
    reviews = Review.objects.select_related("reviewer", "rating__rater").order_by("-pk")
    videos = project.videos.select_related("project", "prompt", "t2v_model", "verdict__review__reviewer")
    return videos.select_related("review_case").prefetch_related(
        Prefetch("suggestions", queryset=suggestions),
        Prefetch("ratings", queryset=ratings.order_by("rater__username", "purpose", "-version")),
        Prefetch("reviews", queryset=reviews),
        "skips__rater",
    )


@dataclass(frozen=True)
class Opinion:
    """One suggestion, each dimension with its score and, where the scorer gave any, its numbers."""

    suggestion: Suggestion
    lines: list[tuple[Dimension, int | None, Distribution | None]]

    @property
    def has_numbers(self) -> bool:
        """Whether the scorer gave probabilities."""
        return any(numbers is not None for _, _, numbers in self.lines)

    @property
    def has_spread(self) -> bool:
        """Whether more than one sample was asked for and answered."""
        return any(numbers is not None and numbers.spread is not None for _, _, numbers in self.lines)


@dataclass(frozen=True)
class VersionSays:
    """What one scorer version says about a video: its answer, and further samples of it."""

    version: ScorerVersion
    answer: Opinion
    further: list[Opinion]
    superseded: bool  # a newer version of the same scorer answered too, and raters are not shown this one


def scorer_opinions(video: Video) -> list[VersionSays]:
    """One entry a scorer version: the one that raters may see first, then by scorer, superseded ones last.

    Expects a video of `videos_with_opinions`.
    """
    said: dict[ScorerVersion, list[Opinion]] = {}
    for suggestion in sorted(video.suggestions.all(), key=lambda one: one.sample):
        said.setdefault(suggestion.scorer_version, []).append(_opinion(suggestion))
    versions = sorted(said, key=lambda one: (one.created_at, one.pk))
    newest = {version.scorer_id: version for version in versions}
    shown = video.project.suggester_id
    found = [
        VersionSays(
            version,
            answer=said[version][0],
            further=said[version][1:],
            superseded=version.pk not in (newest[version.scorer_id].pk, shown),
        )
        for version in reversed(versions)
    ]
    return sorted(found, key=lambda one: (one.superseded, one.version.pk != shown, one.version.scorer.name))


def _opinion(suggestion: Suggestion) -> Opinion:
    numbers = {distribution.dimension: distribution for distribution in suggestion.distributions.all()}
    scores = suggestion.scores
    return Opinion(suggestion, [(d, scores[d.key], numbers.get(d.key)) for d in DIMENSIONS])


def verdict_lines(video: Video) -> list[tuple[Dimension, int | None]]:
    """The settled score of each dimension; empty while the video is not settled."""
    verdict = getattr(video, "verdict", None)
    return [(d, verdict.scores[d.key]) for d in DIMENSIONS] if verdict else []


def for_training(video: Video) -> dict[str, Any]:
    """What was made of the video for training: the live edited rationale, adjustments, and whether they still fit.

    Two queries. Expects a video of `videos_with_opinions`.
    """
    verdict = getattr(video, "verdict", None)
    scores = verdict.scores if verdict else {}
    edited = video.edited_rationales.filter(live=True).select_related("editor").first()
    adjustments = list(video.adjustments.select_related("scorer_version__scorer").order_by("pk"))
    for adjustment in adjustments:
        adjustment.fits = adjustment.human == scores  # type: ignore[attr-defined]
    fits = edited is not None and edited.scores == scores
    return {"edited": edited, "edited_fits": fits, "adjustments": adjustments}


@dataclass(frozen=True)
class Line:
    """One dimension of a rating: its score, what the rater was shown before, the reason and what is in it."""

    dimension: Dimension
    score: int | None
    shown: int | None
    reason: str
    moments: list[Moment]
    checks: list[CheckMark]  # what the check before submit found, and the rater let stand


@dataclass(frozen=True)
class Version:
    """One version of a rating."""

    rating: Rating
    lines: list[Line]


def histories(video: Video) -> list[list[Version]]:
    """Each rater's versions of a rating, newest first. Expects a video of `videos_with_opinions`."""
    grouped = groupby(video.ratings.all(), key=lambda rating: (rating.rater_id, rating.purpose))
    return [[_version(rating) for rating in ratings] for _, ratings in grouped]


def _version(rating: Rating) -> Version:
    scores, shown, reasons = rating.scores, rating.shown, rating.reasons
    checks = list(rating.check_marks.all())
    lines = [
        Line(
            dimension=d,
            score=scores[d.key],
            shown=shown[d.key],
            reason=reasons[d.key],
            moments=moments_in(reasons[d.key]),
            checks=[check for check in checks if check.dimension == d.key],
        )
        for d in DIMENSIONS
    ]
    return Version(rating, lines)
