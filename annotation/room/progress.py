"""How far a rater is in a project."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import Project, Purpose, Rating, Seat, Skip, User


@dataclass(frozen=True)
class Progress:
    """Numbers of videos: `done` by the rater, `total` with those they may still rate, `today` since midnight."""

    done: int
    total: int
    today: int


def progress_of(project: Project, rater: User) -> Progress:
    """The rater's progress. Two queries, however large the project is."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rated = Rating.objects.live().filter(video__project=project, rater=rater, purpose=Purpose.MAIN)
    counts = rated.aggregate(done=Count("pk"), today=Count("pk", filter=Q(submitted_at__gte=midnight)))
    done = counts["done"]
    return Progress(done=done, total=done + videos_ahead(project, rater), today=counts["today"])


def videos_ahead(project: Project, rater: User) -> int:
    """How many watchable videos this rater holds or could still be given."""
    mine_or_free = Q(holder=rater) | Q(holder=None) | Q(leased_until__lt=Now())
    return (
        project.videos.watchable()
        .exclude(pk__in=Rating.objects.live().filter(rater=rater).values("video"))
        .exclude(pk__in=Skip.objects.filter(rater=rater).values("video"))
        .filter(Exists(Seat.objects.filter(mine_or_free, filled_at=None, video=OuterRef("pk"))))
        .count()
    )
