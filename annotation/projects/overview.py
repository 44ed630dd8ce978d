"""The four answers of a project's page: how far, how fast, how good, what is stuck. All numbers are counted."""

import datetime
import math
from dataclasses import dataclass
from itertools import pairwise

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from annotation.models import (
    MediaState,
    Project,
    Purpose,
    Rating,
    ReviewCase,
    Role,
    Seat,
    Suggestion,
    User,
)
from annotation.models.rating import RatingQuerySet
from annotation.projects.compare_raters import Agreement, RaterFigures, agreement, by_rater, load_table
from annotation.projects.find_videos import STUCK, find
from annotation.projects.sway import Sway, sway
from annotation.scale import DIMENSION_KEYS, MAX_SCORE, MIN_SCORE

CHART_DAYS = 14
SPEED_DAYS = 7
KEEP_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Progress:
    """How far: videos with a verdict, of those to settle. The first three count the guidelines' examples, too."""

    videos: int
    prompts: int
    t2v_models: int
    to_settle: int
    settled: int

    @property
    def percent(self) -> int:
        """Whole percents, rounded down: 100 only when all are settled."""
        return 100 * self.settled // self.to_settle if self.to_settle else 0


def progress(project: Project) -> Progress:
    counts = project.videos.aggregate(
        videos=Count("pk"),
        prompts=Count("prompt", distinct=True),
        t2v_models=Count("t2v_model", distinct=True),
    )
    return Progress(
        **counts, **project.videos.to_settle().aggregate(to_settle=Count("pk"), settled=Count("verdict"))
    )


@dataclass(frozen=True)
class Speed:
    """How fast: ratings of each of the last `CHART_DAYS` days, oldest first, and when all seats are filled."""

    days: list[tuple[datetime.date, int]]
    open_seats: int

    @property
    def today(self) -> int:
        return self.days[-1][1]

    @property
    def a_day(self) -> float | None:
        """Mean of the last `SPEED_DAYS` days, counted from the first rating if that is later; None without any."""
        recent = [n for _, n in self.days[-SPEED_DAYS:]]
        if not sum(recent):
            return None
        if not sum(n for _, n in self.days[:-SPEED_DAYS]):
            recent = recent[next(i for i, n in enumerate(recent) if n) :]
        return sum(recent) / len(recent)

    @property
    def finish(self) -> datetime.date | None:
        """The day on which the last open seat is filled at this pace."""
        if self.a_day is None or not self.open_seats:
            return None
        return self.days[-1][0] + datetime.timedelta(days=min(math.ceil(self.open_seats / self.a_day), 36500))


def ratings_a_day(project: Project) -> list[tuple[datetime.date, int]]:
    """Main ratings made in the rating room on each of the last `CHART_DAYS` days, oldest first. One query.

    Days are counted between their midnights: cutting a date out of each row is slow on SQLite.
    """
    today = timezone.localdate()
    days = [today - datetime.timedelta(days=ago) for ago in reversed(range(CHART_DAYS))]
    starts = [_midnight(day) for day in (*days, today + datetime.timedelta(days=1))]
    counts = (
        _main(project)
        .filter(submitted_at__gte=starts[0], imported=False)
        .aggregate(
            **{
                f"day_{place}": Count("pk", filter=Q(submitted_at__gte=start, submitted_at__lt=end))
                for place, (start, end) in enumerate(pairwise(starts))
            }
        )
    )
    return [(day, counts[f"day_{place}"]) for place, day in enumerate(days)]


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


def speed(project: Project) -> Speed:
    open_seats = Seat.objects.filter(
        video__project=project, video__media_state=MediaState.READY, filled_at__isnull=True
    ).count()
    return Speed(ratings_a_day(project), open_seats)


def score_shares(project: Project) -> dict[str, list[int]]:
    """How often each score 1-5 was given, by dimension key, over counted ratings. One query."""
    steps = range(MIN_SCORE, MAX_SCORE + 1)
    counts = (
        Rating.objects.counted()
        .filter(video__project=project)
        .aggregate(
            **{f"{key}_{step}": Count("pk", filter=Q(**{key: step})) for key in DIMENSION_KEYS for step in steps}
        )
    )
    return {key: [counts[f"{key}_{step}"] for step in steps] for key in DIMENSION_KEYS}


@dataclass(frozen=True)
class Quality:
    """The figures that need every rating: agreement, sway and each rater beside the others."""

    agreement: Agreement
    sway: Sway
    raters: dict[int, RaterFigures]


def quality(project: Project) -> Quality:
    """Computed anew when a rating, a suggestion or a setting that it rests on has changed."""
    ratings = Rating.objects.filter(video__project=project).aggregate(
        newest=Max("pk"), live=Count("pk", filter=Q(live=True)), withdrawn=Max("withdrawn_at")
    )
    suggestions = Suggestion.objects.filter(
        scorer_version=project.suggester_id, sample=0, video__project=project
    ).aggregate(newest=Max("pk"), n=Count("pk"))
    stamp = (*ratings.values(), project.suggester_id, *suggestions.values())
    key = f"quality-{project.pk}"
    kept = cache.get(key)
    if kept and kept[0] == stamp:
        return kept[1]
    table = load_table(project)
    figures = Quality(agreement(table, seed=project.seed), sway(table, seed=project.seed), by_rater(table))
    cache.set(key, (stamp, figures), KEEP_SECONDS)
    return figures


@dataclass(frozen=True)
class Matter:
    """A line of "Needs you": what it is, how many videos, and the filter of the list that shows them."""

    text: str
    videos: int
    show: str


@dataclass(frozen=True)
class Stuck:
    """What is stuck: videos to look at, each counted once, and why, each line with its own list.

    `cases` of them wait for a reviewer, the `oldest` since when; None without any.
    """

    videos: int
    matters: list[Matter]
    cases: int
    oldest: datetime.datetime | None


def stuck(project: Project) -> Stuck:
    """Only lines that have any videos."""
    lines = [Matter(str(text), find(project, show=show).count(), show) for show, text in STUCK.items()]
    waiting = ReviewCase.objects.open().filter(video__project=project)
    cases = waiting.aggregate(cases=Count("pk"), oldest=Min("opened_at"))
    return Stuck(find(project, show="stuck").count(), [line for line in lines if line.videos], **cases)


@dataclass(frozen=True)
class RaterLine:
    """A row of the raters table. `today` and `total` count videos rated, however often they were revised."""

    user: User
    today: int
    total: int
    figures: RaterFigures | None


def rater_counts(project: Project) -> dict[int, tuple[int, int]]:
    """(today, all) main ratings by the rater's primary key."""
    midnight = _midnight(timezone.localdate())
    rows = (
        _main(project)
        .order_by()
        .values_list("rater")
        .annotate(today=Count("pk", filter=Q(submitted_at__gte=midnight)), total=Count("pk"))
    )
    return {rater: (today, total) for rater, today, total in rows}


def raters(project: Project, figures: dict[int, RaterFigures]) -> list[RaterLine]:
    """Everybody who rated here and every rater who has not yet, most ratings first."""
    counts = rater_counts(project)
    members = Q(memberships__project=project, memberships__role=Role.RATER)
    people = User.objects.filter(Q(pk__in=list(counts)) | members).distinct()
    lines = [RaterLine(user, *counts.get(user.pk, (0, 0)), figures.get(user.pk)) for user in people]
    return sorted(lines, key=lambda line: (-line.total, line.user.username))


def _main(project: Project) -> RatingQuerySet:
    return Rating.objects.firsts().filter(video__project=project, purpose=Purpose.MAIN)
