"""Let the simulated raters rate, through the same queue, draft and submit as people in the rating room."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from annotation.models import Draft, Project, Rating, Seat, User
from annotation.room.drafts import draft_of, mark_open, send_suggestion
from annotation.room.queue import lease_next
from annotation.room.submit import submit
from datasets_app.demo.cast import CLIPS
from datasets_app.demo.opinions import RATERS, SimulatedRater, opinion

DAYS = 6  # their work is spread over so many days before now
CLIPS_BY_NAME = {clip.name: clip for clip in CLIPS}


def rate_all(project: Project, *, rated: Callable[[], None] = lambda: None) -> None:
    """Bring each simulated rater to their number of ratings. Safe to repeat and to stop at any point."""
    for rater in RATERS:
        user = User.objects.get(username=rater.username)
        done = Rating.objects.live().filter(video__project=project, rater=user).count()
        for number in range(done, rater.rates):
            seat = lease_next(project, user)
            if seat is None:
                break
            _move_back(_rate(project, rater, user, seat), share=(number + 1) / rater.rates)
            rated()


def _rate(project: Project, rater: SimulatedRater, user: User, seat: Seat) -> Rating:
    """Open the seat's video, look at it for a while, and submit."""
    draft = draft_of(user, seat.video)
    assert draft
    send_suggestion(project, draft)
    mark_open(draft)
    clip = CLIPS_BY_NAME[seat.video.name]
    watched = timedelta(seconds=35 + 11 * len(clip.faults) + (draft.pk * 17) % 40)
    Draft.objects.filter(pk=draft.pk).update(opened_at=timezone.now() - watched)
    draft.refresh_from_db()
    return submit(
        video=seat.video,
        rater=user,
        answers=opinion(rater, clip, draft.shown),
        revision=draft.revision,
        submit_key=draft.submit_key,
    )


def _move_back(rating: Rating, *, share: float) -> None:
    """Date a rating as if the work had gone on for days; `share` is how much of it is done with this one."""
    then = timezone.now() - timedelta(days=DAYS * (1 - share**0.7) + 0.02)
    Rating.objects.filter(pk=rating.pk).update(submitted_at=then, shown_at=then if rating.suggestion_id else None)
    Seat.objects.filter(video=rating.video_id, holder=rating.rater_id).update(filled_at=then)
