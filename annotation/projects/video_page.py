"""What a video's page says about its suggestions and ratings, dimension by dimension."""

from dataclasses import dataclass
from itertools import groupby

from annotation.models import Distribution, Rating, Suggestion, Video
from annotation.scale import DIMENSIONS, Dimension


@dataclass(frozen=True)
class Opinion:
    """One suggestion, each dimension with its score and, where the scorer gave any, its numbers."""

    suggestion: Suggestion
    lines: list[tuple[Dimension, int | None, Distribution | None]]


def opinions(video: Video) -> list[Opinion]:
    """All suggestions of a video. Expects `suggestions` and their `distributions` to be loaded."""
    found = []
    for suggestion in video.suggestions.all():
        numbers = {distribution.dimension: distribution for distribution in suggestion.distributions.all()}
        scores = suggestion.scores
        lines = [(d, scores[d.key], numbers.get(d.key)) for d in DIMENSIONS]
        found.append(Opinion(suggestion, lines))
    return found


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
