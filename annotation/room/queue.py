"""The queue: who watches what next. Overlap and leases are exact; leases end on the database's clock.

Every step runs in one short transaction that first takes the rater's own row, so that a rater's tabs wait for
each other while different raters do not; a seat that another transaction holds is passed over, not waited for.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.db.models.sql import Query

from annotation.models import Draft, MediaState, Project, Prompt, Rating, Seat, Skip, User, Video
from annotation.prepared import NOTHING, Prepared, PreparedChange, PreparedModels, PreparedWrite, changing, insert
from annotation.room.allowance import may_take
from annotation.room.arms import draw, draw_arm
from annotation.room.drafts import draft_of, fill_in_suggestion, send_suggestion

Found = tuple[int, bool]  # the video of a seat that is the rater's now, and whether to look for their draft


@transaction.atomic  # so that nobody frees the seat before it is read
def lease_next(project: Project, rater: User, after: Video | None = None) -> Seat | None:
    """The seat that `take_next` leases, with its `video` loaded."""
    draft = take_next(project, rater, after)
    seats = Seat.objects.select_related("video__prompt")
    return seats.get(video=draft.video_id, holder=rater) if draft else None


@transaction.atomic
def take_next(project: Project, rater: User, after: Video | None = None) -> Draft | None:
    """Lease the rater's next seat; their draft on its video, which fixes the arm and what is sent of the model.

    A seat that they hold already comes first, so that a reload brings the same video. `after` is the video on
    the screen: it is not given again, and its prompt is stayed with. A paused or capped rater gets only
    what they hold. None when there is nothing for them now.
    """
    hold_rater(rater)
    found = _held_seat(project, rater, after)
    if found is None and may_take(project, rater):
        found = _free_seat(project, rater, after)
    if found is None:
        return None
    video_pk, is_begun = found
    draft = draft_of(rater, video_pk) if is_begun else None
    if draft is None:
        return _begin(project, rater, _read_video(video_pk)[0])
    send_suggestion(project, draft)
    return draft


def _begin(project: Project, rater: User, video: Video) -> Draft:
    draft = Draft(video=video, rater=rater, arm=draw_arm(project, rater, video))
    fill_in_suggestion(project, draft)
    insert(draft)
    return draft


_read_video = PreparedModels(lambda pk: Video.objects.filter(pk=pk).select_related("prompt"))


def lease_on(video: Video, rater: User) -> Seat | None:
    """Keep the rater's seat in this video: renewed if they still have it, else another free one, else None.

    A paused or capped rater gets no other one.
    """
    return _renew(video, rater) or _take_another(video, rater)


def _renew(video: Video, rater: User) -> Seat | None:
    """One statement, so that it waits for nobody."""
    return _lengthen.first(video.pk, rater.pk, _span(video.project))


@transaction.atomic
def _take_another(video: Video, rater: User) -> Seat | None:
    hold_rater(rater)
    if _has_seat(video, rater) or not may_take(video.project, rater):
        return _renew(video, rater)
    seats = Seat.objects.filter(video=video)
    free = seats.free().select_for_update(skip_locked=True).order_by("number")
    seat_pk = free.values_list("pk", flat=True).first()
    if seat_pk is None:
        return None
    seats.filter(pk=seat_pk).update(holder=rater, leased_until=lease_end(video.project))
    return seats.get(pk=seat_pk)


def lease_end(project: Project) -> ExpressionWrapper:
    """When a lease taken now ends, on the database's clock."""
    return _after(_span(project))


def _span(project: Project) -> timedelta:
    return timedelta(minutes=project.lease_minutes)


def _after(lease: timedelta) -> ExpressionWrapper:
    return ExpressionWrapper(Now() + lease, output_field=DateTimeField())


_lengthen: PreparedChange[Seat] = PreparedChange(
    lambda video_pk, rater_pk, lease: changing(
        Seat.objects.held_by(User(pk=rater_pk)).filter(video=video_pk), leased_until=_after(lease)
    )
)


def hold_rater(rater: User) -> None:
    """Let this rater's other requests wait until the transaction ends."""
    _lock_rater(rater.pk)


_lock_rater = Prepared(
    lambda rater_pk: User.objects.select_for_update(no_key=True).filter(pk=rater_pk).values_list("pk")
)


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


_open_videos_of_prompt = Prepared(
    lambda rater_pk, prompt_pk: (
        open_videos(User(pk=rater_pk), prompt_pk)
        .annotate(is_begun=Exists(Draft.objects.filter(rater=rater_pk, video=OuterRef("pk"))))
        .values_list("pk", "is_begun")
    )
)


def _has_seat(video: Video, rater: User) -> bool:
    return Seat.objects.filter(video=video, holder=rater).exists()


def _held_seat(project: Project, rater: User, after: Video | None) -> Found | None:
    """What the rater holds already, renewed: first what they opened, then what was only preloaded."""
    held = [pk for (pk,) in _lock_held_seats(project.pk, rater.pk, after.pk if after else NOTHING)]
    if not held:
        return None
    drafts = Draft.objects.filter(video__in=held, rater=rater).order_by(F("opened_at").asc(nulls_last=True), "pk")
    begun = list(drafts.values_list("video", flat=True)) if len(held) > 1 else []
    video_pk = begun[0] if begun else held[0]
    _lengthen(video_pk, rater.pk, _span(project))
    return video_pk, True


_lock_held_seats = Prepared(
    lambda project_pk, rater_pk, except_pk: (
        Seat.objects.held_by(User(pk=rater_pk))
        .filter(video__project=project_pk, video__media_state=MediaState.READY)
        .exclude(video=except_pk)
        .select_for_update(of=("self",), skip_locked=True)  # past its end, somebody may be taking it just now
        .order_by("pk")
        .values_list("video")
    )
)


def _free_seat(project: Project, rater: User, after: Video | None) -> Found | None:
    """Take a free seat: of the prompt at hand, else of the first prompt in the queue that has one."""
    passed: list[int] = []
    prompt_pk = after.prompt_id if after else _first_open_prompt(project, rater, passed)
    while prompt_pk is not None:
        found = _take_seat(project, rater, prompt_pk)
        if found is not None:
            return found
        passed.append(prompt_pk)
        prompt_pk = _first_open_prompt(project, rater, passed)
    return None


def _first_open_prompt(project: Project, rater: User, passed: list[int]) -> int | None:
    """Walk the prompts in queue order up to the first with a video for this rater."""
    return next((pk for (pk,) in _open_prompts(project.pk, rater.pk, *passed)), None)


@Prepared
def _open_prompts(project_pk: int, rater_pk: int, *passed: int) -> "QuerySet[Any, Any]":
    """A scalar subquery and not EXISTS: PostgreSQL may turn that into a join over all videos."""
    video = open_videos(User(pk=rater_pk), OuterRef("pk")).values("pk")[:1]
    prompts = Prompt.objects.filter(project=project_pk).exclude(pk__in=passed).annotate(open_video=Subquery(video))
    in_order = prompts.filter(open_video__isnull=False).order_by("-priority", "position", "pk")
    return in_order.values_list("pk")[:1]


def _take_seat(project: Project, rater: User, prompt_pk: int) -> Found | None:
    """Take one free seat of the prompt's videos, in this rater's own order; None if all are taken or locked."""
    is_begun: dict[int, bool] = dict(_open_videos_of_prompt(rater.pk, prompt_pk))
    for video_pk in sorted(is_begun, key=lambda pk: draw(project.seed, rater.pk, pk)):
        if _take_free_seat(video_pk, rater.pk, _span(project)):
            return video_pk, bool(is_begun[video_pk])
    return None


@PreparedWrite
def _take_free_seat(video_pk: int, rater_pk: int, lease: timedelta) -> Query:
    """`= (SELECT ...)` and not `IN`: PostgreSQL looks for the seat once."""
    free = Seat.objects.free().filter(video=video_pk).select_for_update(skip_locked=True).order_by("number")
    return changing(
        Seat.objects.filter(pk=Subquery(free.values("pk")[:1])), holder=rater_pk, leased_until=_after(lease)
    )
