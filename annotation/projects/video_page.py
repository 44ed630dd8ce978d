"""What a video's page says about its suggestions and ratings, dimension by dimension."""

from dataclasses import dataclass
from itertools import groupby

from annotation.models import Distribution, Rating, ScorerVersion, Suggestion, Video
from annotation.scale import DIMENSIONS, Dimension


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

    Expects `suggestions` with their versions and `distributions` to be loaded.
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


@dataclass(frozen=True)
class Line:
    """One dimension of a rating: its score, what the rater was shown before, and the reason."""

    dimension: Dimension
    score: int | None
    shown: int | None
    reason: str


@dataclass(frozen=True)
class Version:
    """One version of a rating."""

    rating: Rating
    lines: list[Line]


def histories(video: Video) -> list[list[Version]]:
    """Each rater's versions of a rating. Expects `ratings` ordered by rater, purpose, newest first."""
    grouped = groupby(video.ratings.all(), key=lambda rating: (rating.rater_id, rating.purpose))
    return [[_version(rating) for rating in ratings] for _, ratings in grouped]


def _version(rating: Rating) -> Version:
    scores, shown, reasons = rating.scores, rating.shown, rating.reasons
    return Version(rating, [Line(d, scores[d.key], shown[d.key], reasons[d.key]) for d in DIMENSIONS])
