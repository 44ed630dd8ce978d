"""Examples: videos that stand in the guidelines. While it is one, a video has no seat: it is in no queue."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from annotation.models import GuidelineExample, Project, Seat, Video
from annotation.room.seats import make_seats


def examples_of(project: Project) -> QuerySet[GuidelineExample]:
    """In the lead's order, with `n_ratings`: how many people have rated the video."""
    rated = Count("video__ratings", filter=Q(video__ratings__live=True))
    examples = project.guideline_examples.select_related("video__prompt").annotate(n_ratings=rated)
    return examples.order_by("position", "pk")  # a grouped query forgets the usual order


@transaction.atomic
def put(video: Video, *, words: str, scores: Mapping[str, int | None]) -> GuidelineExample:
    """Make the video an example, or give the one that it is these words and scores (None: no score).

    Its unfilled seats go, those in somebody's hands too: what they submit is kept as an extra rating.
    """
    _hold(video.project_id)
    example = GuidelineExample.objects.filter(video=video).first()
    if example is None:
        last = GuidelineExample.objects.filter(project=video.project_id).aggregate(last=Max("position"))["last"]
        example = GuidelineExample(project_id=video.project_id, video=video, position=(last or 0) + 1)
    example.words = words
    for key, score in scores.items():
        setattr(example, key, score)
    example.save()
    Seat.objects.filter(video=video, filled_at=None).update(holder=None, leased_until=None)
    make_seats(video.project, [video])
    return example


@transaction.atomic
def remove(example: GuidelineExample) -> None:
    """Take the mark away: the video is open to raters again."""
    _hold(example.project_id)
    example.delete()
    make_seats(example.project, [example.video])


@transaction.atomic
def move(example: GuidelineExample, steps: int) -> None:
    """Move it so many places down (up: negative) in the order; at an end it stays."""
    _hold(example.project_id)
    order = list(GuidelineExample.objects.filter(project=example.project_id))
    at = next(place for place, each in enumerate(order) if each.pk == example.pk)
    order.insert(max(0, at + steps), order.pop(at))
    for position, each in enumerate(order, start=1):
        each.position = position
    GuidelineExample.objects.bulk_update(order, ["position"])


def _hold(project_pk: int) -> None:
    """Let whatever else changes this project's seats wait."""
    Project.objects.select_for_update(no_key=True).get(pk=project_pk)
