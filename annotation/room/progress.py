"""How far a rater is in a project."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.models import Membership, Project, Purpose, Rating, Seat, Skip, User, Video
from annotation.prepared import Prepared

LARGE = 1_000  # videos: counting more of them takes the database longer than everything else on the page
KEPT_SECONDS = 60


@dataclass(frozen=True)
class Progress:
    """Numbers of videos: `done` by the rater, of them here `today`, `cap` = most of a day (None: no limit)."""

    done: int
    today: int
    cap: int | None


def progress_of(member: Membership) -> Progress:
    """The rater's progress: one query over their own ratings, however large the project is."""
    counts = _count_firsts(member.project_id, member.user_id, midnight())
    done, today = counts[0] if counts else (0, 0)
    return Progress(done=done, today=today, cap=member.daily_cap)


@Prepared
def _count_firsts(project_pk: int, rater_pk: int, since: datetime) -> "QuerySet[Any, Any]":
    rated = Rating.objects.firsts().filter(video__project=project_pk, rater=rater_pk, purpose=Purpose.MAIN)
    today = Q(submitted_at__gte=since, imported=False)
    by_rater = rated.order_by().values("rater").annotate(done=Count("pk"), today=Count("pk", filter=today))
    return by_rater.values_list("done", "today")


def videos_ahead(project: Project, rater: User) -> int:
    """How many watchable videos this rater holds or could still be given.

    What is open to anybody is counted over the whole project; in a large one that may be `KEPT_SECONDS` old.
    """
    done, held = _count_done(project.pk, rater.pk), _count_held(project.pk, rater.pk)
    return max(_open_to_anybody(project) - sum(n for (n,) in done), 0) + sum(n for (n,) in held)


@Prepared
def _count_done(project_pk: int, rater_pk: int) -> "QuerySet[Any, Any]":
    """Videos that others could still be given, and this rater no more."""
    free = Exists(Seat.objects.free().filter(video=OuterRef("pk")))
    done = Video.objects.watchable().filter(free, pk__in=_passed(rater_pk), project=project_pk)
    return done.order_by().values("project").annotate(n=Count("pk")).values_list("n")


@Prepared
def _count_held(project_pk: int, rater_pk: int) -> "QuerySet[Any, Any]":
    """Videos that only this rater could still rate: they hold the last seat."""
    free = Exists(Seat.objects.free().filter(video=OuterRef("pk")))
    held = Seat.objects.held_by(User(pk=rater_pk)).values("video")
    only = Video.objects.watchable().filter(~free, pk__in=held, project=project_pk)
    only = only.exclude(pk__in=_passed(rater_pk))
    return only.order_by().values("project").annotate(n=Count("pk")).values_list("n")


def _passed(rater_pk: int) -> "QuerySet[Any, Any]":
    """Videos that this rater is not given again."""
    rated = Rating.objects.live().filter(rater=rater_pk).values("video")
    return rated.union(Skip.objects.filter(rater=rater_pk).values("video"))


def _open_to_anybody(project: Project) -> int:
    """How many watchable videos have a free seat."""
    key = f"open-videos-{project.pk}"
    known: int | None = cache.get(key)
    if known is not None:
        return known
    count = project.videos.watchable().filter(Exists(Seat.objects.free().filter(video=OuterRef("pk")))).count()
    if count >= LARGE:
        cache.set(key, count, KEPT_SECONDS)
    return count


def midnight() -> datetime:
    """When today began, where the server is."""
    return timezone.make_aware(datetime.combine(timezone.localdate(), time.min))
