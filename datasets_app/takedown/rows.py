"""The rows that hang on videos, in an order in which nothing points at what is gone. Each model is named here."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from annotation.models import (
    Adjustment,
    Draft,
    EditedRationale,
    GuidelineExample,
    Membership,
    Project,
    Rating,
    Review,
    ReviewCase,
    Seat,
    Skip,
    Stage,
    Suggestion,
    User,
    Verdict,
    Video,
)
from annotation.room.settle import lock_videos
from datasets_app.media.frames_seen import folder_of
from datasets_app.takedown.doomed import MEDIA, doom
from scoring.models import Job

FIRST_TO_GO: tuple[Any, ...] = (Verdict, Adjustment, EditedRationale, Draft, ReviewCase)
LAST_TO_GO: tuple[Any, ...] = (Rating, Seat, Skip, GuidelineExample, Job, Suggestion)


def hold(project: Project, videos: Sequence[Video]) -> list[int]:
    """Let everybody at work on these videos end what they do, and begin nothing; the keys of those still there.

    Locks are taken in the order of the rating room and of an import: the raters, the project, drafts, seats, the
    videos. The raters come first because some steps of theirs take a seat before a draft, others a draft before a
    seat; all members, because of those who have neither yet.
    """
    pks = [video.pk for video in videos]
    at_work = (
        Q(pk__in=Membership.objects.filter(project=project).values("user"))
        | Q(pk__in=Draft.objects.filter(video__in=pks).values("rater"))
        | Q(pk__in=Seat.objects.filter(video__in=pks, holder__isnull=False).values("holder"))
    )
    list(User.objects.select_for_update(no_key=True).filter(at_work).order_by("pk").values_list("pk"))
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    for held in (Draft, Seat):
        list(held._default_manager.select_for_update().filter(video__in=pks).order_by("pk").values_list("pk"))
    return list(lock_videos(pks))


def delete_videos(videos: Sequence[Video]) -> None:
    """Delete these videos, all that was said about them, and their files, in the transaction that holds them."""
    doom(MEDIA, [folder for video in videos for folder in (video.folder, folder_of(video))])
    pks = [video.pk for video in videos]
    for model in FIRST_TO_GO:
        model.objects.filter(video__in=pks).delete()
    # A return is of a rating, and the rating that answers it is of the return: none may go first as they stand.
    Rating.objects.filter(video__in=pks).update(stage=Stage.FIRST, revises=None, returned=None)
    Review.objects.filter(video__in=pks).delete()
    for model in LAST_TO_GO:
        model.objects.filter(video__in=pks).delete()
    Video.objects.filter(pk__in=pks).delete()
