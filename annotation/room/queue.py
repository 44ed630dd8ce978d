"""The queue: who watches what next. Overlap and leases are exact; leases end on the database's clock.

Every step runs in one short transaction that first takes the rater's own row, so that a rater's tabs wait for
each other while different raters do not; a seat that another transaction holds is passed over, not waited for.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Now

from annotation.models import Draft, MediaState, Project, Rating, Seat, Skip, User, Video
from annotation.room.arms import draw, draw_arm

MOST_CANDIDATES = 100  # videos of one prompt that a lease considers at once


@transaction.atomic
def lease_next(project: Project, rater: User, after: Video | None = None) -> Seat | None:
    """The rater's next seat, leased to them, with its `video` loaded and a draft that fixes the arm.

    A seat that they hold already comes first, so that a reload brings the same video. `after` is the video on
    the screen: it is not given again, and its prompt is stayed with. None when there is nothing for them now.
    """
    hold_rater(rater)
    seat_pk = _held_seat(project, rater, after) or _free_seat(project, rater, after)
    if seat_pk is None:
        return None
    Seat.objects.filter(pk=seat_pk).update(holder=rater, leased_until=lease_end(project))
    seat = Seat.objects.select_related("video__prompt").get(pk=seat_pk)
    if not Draft.objects.filter(video=seat.video, rater=rater).exists():
        Draft.objects.create(video=seat.video, rater=rater, arm=draw_arm(project, rater, seat.video))
    return seat


@transaction.atomic
def lease_on(video: Video, rater: User) -> Seat | None:
    """Keep the rater's seat in this video: renewed if they still have it, else another free one, else None."""
    hold_rater(rater)
    seats = Seat.objects.filter(video=video)
    if not seats.held_by(rater).update(leased_until=lease_end(video.project)):
        free = seats.free().select_for_update(skip_locked=True).order_by("number")
        seat_pk = None if _has_seat(video, rater) else free.values_list("pk", flat=True).first()
        if seat_pk is None:
            return None
        seats.filter(pk=seat_pk).update(holder=rater, leased_until=lease_end(video.project))
    return seats.held_by(rater).get()


def lease_end(project: Project) -> ExpressionWrapper:
    """When a lease taken now ends, on the database's clock."""
    return ExpressionWrapper(Now() + timedelta(minutes=project.lease_minutes), output_field=DateTimeField())


def hold_rater(rater: User) -> None:
    """Let this rater's other requests wait until the transaction ends."""
    User.objects.select_for_update(no_key=True).filter(pk=rater.pk).values_list("pk").get()


def open_videos(rater: User, prompt: int | OuterRef) -> QuerySet[Video]:
    """A prompt's watchable videos with a free seat that this rater neither rated, nor skipped, nor has.

    The project is left out, since a prompt has one only: SQLite would go through all of the project's videos.
    Written with `NOT IN` on purpose: PostgreSQL hashes each list once, so that the search stays fast when most
    of a large project is done, where its guesses about anti-joins go wrong. So a list is cut down to the prompt
    only where that is a number.
    """
    of_prompt = {"video__prompt": prompt} if isinstance(prompt, int) else {}
    return (
        Video.objects.watchable()
        .filter(prompt=prompt)
        .exclude(pk__in=Rating.objects.live().filter(rater=rater, **of_prompt).values("video"))
        .exclude(pk__in=Skip.objects.filter(rater=rater, **of_prompt).values("video"))
        .exclude(pk__in=Seat.objects.held_by(rater).filter(**of_prompt).values("video"))
        .filter(Exists(Seat.objects.free().filter(video=OuterRef("pk"))))
    )


def _has_seat(video: Video, rater: User) -> bool:
    return Seat.objects.filter(video=video, holder=rater).exists()


def _held_seat(project: Project, rater: User, after: Video | None) -> int | None:
    """What the rater holds already: first what they opened, then what was only preloaded."""
    draft = Draft.objects.filter(video=OuterRef("video"), rater=rater)
    held = (
        Seat.objects.held_by(rater)
        .filter(video__project=project, video__media_state=MediaState.READY)
        .annotate(opened_at=Subquery(draft.values("opened_at")), draft=Subquery(draft.values("pk")))
        .order_by(F("opened_at").asc(nulls_last=True), "draft", "pk")
    )
    if after is not None:
        held = held.exclude(video=after)
    return held.values_list("pk", flat=True).first()


def _free_seat(project: Project, rater: User, after: Video | None) -> int | None:
    """Lock a free seat: of the prompt at hand, else of the first prompt in the queue that has one."""
    passed: list[int] = []
    prompt_pk = after.prompt_id if after else _first_open_prompt(project, rater, passed)
    while prompt_pk is not None:
        seat_pk = _lock_seat(project, rater, prompt_pk)
        if seat_pk is not None:
            return seat_pk
        passed.append(prompt_pk)
        prompt_pk = _first_open_prompt(project, rater, passed)
    return None


def _first_open_prompt(project: Project, rater: User, passed: list[int]) -> int | None:
    """Walk the prompts in queue order up to the first with a video for this rater.

    A scalar subquery and not EXISTS: PostgreSQL may turn that into a join over all videos.
    """
    video = open_videos(rater, OuterRef("pk")).values("pk")[:1]
    prompts = project.prompts.exclude(pk__in=passed).annotate(open_video=Subquery(video))
    in_order = prompts.filter(open_video__isnull=False).order_by("-priority", "position", "pk")
    return in_order.values_list("pk", flat=True).first()


def _lock_seat(project: Project, rater: User, prompt_pk: int) -> int | None:
    """Lock one free seat of the prompt's videos, in this rater's own order; None if all are taken or locked."""
    videos = open_videos(rater, prompt_pk).values_list("pk", flat=True)
    order = sorted(videos, key=lambda pk: draw(project.seed, rater.pk, pk))[:MOST_CANDIDATES]
    if not order:
        return None
    rank = Case(*(When(video=pk, then=place) for place, pk in enumerate(order)))
    seats = Seat.objects.free().filter(video__in=order).select_for_update(skip_locked=True)
    return seats.order_by(rank, "number").values_list("pk", flat=True).first()
