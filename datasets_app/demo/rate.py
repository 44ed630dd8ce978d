"""Let the simulated raters rate, through the same queue, check and submit as people in the rating room."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from annotation.models import Arm, Draft, Project, Rating, ReviewCase, Seat, User, Video
from annotation.room.checks import check_answers
from annotation.room.drafts import draft_of, mark_open, send_suggestion
from annotation.room.forms import Answers, Played
from annotation.room.queue import lease_next
from annotation.room.submit import submit
from datasets_app.demo.cast import CLIPS
from datasets_app.demo.opinions import BEGINNER, RATERS, SimulatedRater, opinion, second_opinion

DAYS = 6  # their work is spread over so many days before now
CLIPS_BY_NAME = {clip.name: clip for clip in CLIPS}


def rate_all(project: Project, *, rated: Callable[[], None] = lambda: None) -> None:
    """Bring each simulated rater to their number of ratings. Safe to repeat and to stop at any point."""
    for rater in (*RATERS, BEGINNER):
        user = User.objects.get(username=rater.username)
        done = Rating.objects.firsts().filter(video__project=project, rater=user).count()
        for number in range(done, rater.rates):
            seat = lease_next(project, user)
            if seat is None or seat.video.name not in CLIPS_BY_NAME:  # of an older cast, in an older folder
                break
            rating = _rate(project, rater, user, seat.video)
            _move_back(rating, share=(number + 1) / rater.rates)
            rated()


def _rate(project: Project, rater: SimulatedRater, user: User, video: Video) -> Rating:
    """Open the video, look at it for a while, and submit; once more where the model is revealed then."""
    draft = draft_of(user, video)
    assert draft
    send_suggestion(project, draft)
    mark_open(draft)
    clip = CLIPS_BY_NAME[video.name]
    _look(draft, seconds=35 + 11 * len(clip.faults) + (draft.pk * 17) % 40)
    said = opinion(rater, clip, draft.shown)
    rating = _submit(draft, said)
    revealed = draft_of(user, video) if rating.arm == Arm.REVEAL else None
    if revealed is None:
        return rating
    _look(revealed, seconds=12 + (draft.pk * 7) % 20)
    return _submit(revealed, second_opinion(said, revealed.shown))


def _look(draft: Draft, *, seconds: int) -> None:
    """As if the rater had opened it so long ago."""
    Draft.objects.filter(pk=draft.pk).update(opened_at=timezone.now() - timedelta(seconds=seconds))
    draft.refresh_from_db()


def _submit(draft: Draft, answers: Answers) -> Rating:
    return submit(
        video=draft.video,
        rater=draft.rater,
        answers=answers,
        revision=draft.revision,
        submit_key=draft.submit_key,
        played=Played(watched=1.0, plays=1 + draft.pk % 2, stalls=0),
        found=check_answers(draft, answers),
    )


def _move_back(rating: Rating, *, share: float) -> None:
    """Date a rating as if the work had gone on for days; `share` is how much of it is done with this one."""
    then = timezone.now() - timedelta(days=DAYS * (1 - share**0.7) + 0.02)
    versions = Rating.objects.filter(video=rating.video_id, rater=rating.rater_id)
    versions.update(submitted_at=then)
    versions.exclude(suggestion=None).update(shown_at=then)
    Seat.objects.filter(video=rating.video_id, holder=rating.rater_id).update(filled_at=then)
    ReviewCase.objects.filter(video=rating.video_id, opened_at__gt=then).update(opened_at=then)
