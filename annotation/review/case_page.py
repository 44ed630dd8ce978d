"""What the page of a case shows: the video with all that people and the model say about it, side by side."""

from dataclasses import dataclass

from annotation.models import Purpose, Rating, Review, Video
from annotation.models.scores import Scores
from annotation.projects.video_page import Version, VersionSays, histories, scorer_opinions
from annotation.review.decide import Seen


@dataclass(frozen=True)
class Sheet:
    """One rater's rating of the video: the live version, and the other ones, newest first."""

    live: Version
    others: list[Version]


@dataclass(frozen=True)
class Row:
    """A line of the table that compares scores: whose they are, and one a dimension."""

    name: str
    rating: Rating | None
    scores: list[int | None]
    model: bool = False
    verdict: bool = False


@dataclass(frozen=True)
class CasePage:
    """All that the page of a case shows. `seen` goes back with the decision."""

    video: Video
    sheets: list[Sheet]
    rows: list[Row]
    says: list[VersionSays]
    reviews: list[Review]
    seen: Seen

    @property
    def seen_text(self) -> str:
        return " ".join(map(str, sorted(self.seen.ratings)))


def case_page(video: Video) -> CasePage:
    """Expects a video of `videos_with_opinions`."""
    sheets = _sheets(video)
    says = [one for one in scorer_opinions(video) if one.version.pk == video.project.suggester_id]
    reviews = list(video.reviews.all())
    live = frozenset(sheet.live.rating.pk for sheet in sheets)
    return CasePage(
        video, sheets, _rows(video, sheets, says), says, reviews, Seen(live, reviews[0].pk if reviews else 0)
    )


def _sheets(video: Video) -> list[Sheet]:
    found = []
    for versions in histories(video):
        live = [one for one in versions if one.rating.live and one.rating.purpose == Purpose.MAIN]
        if live:
            found.append(Sheet(live[0], [one for one in versions if one is not live[0]]))
    return found


def _rows(video: Video, sheets: list[Sheet], says: list[VersionSays]) -> list[Row]:
    """Raters first, then what the project's suggester said, then the verdict so far."""
    ratings = [sheet.live.rating for sheet in sheets]
    rows = [Row(rating.rater.username, rating, _scores(rating)) for rating in ratings]
    rows += [Row(str(one.version), None, _scores(one.answer.suggestion), model=True) for one in says]
    verdict = getattr(video, "verdict", None)
    return [*rows, Row(verdict.get_policy_display(), None, _scores(verdict), verdict=True)] if verdict else rows


def _scores(said: Scores) -> list[int | None]:
    return list(said.scores.values())
