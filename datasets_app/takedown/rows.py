"""The rows that hang on videos, in an order in which nothing points at what is gone. Each model is named here."""

from collections.abc import Sequence
from typing import Any

from annotation.models import (
    Adjustment,
    Draft,
    EditedRationale,
    GuidelineExample,
    Rating,
    Review,
    ReviewCase,
    Seat,
    Skip,
    Stage,
    Suggestion,
    Verdict,
    Video,
)
from datasets_app.media.frames_seen import folder_of
from datasets_app.takedown.doomed import MEDIA, doom
from scoring.models import Job

FIRST_TO_GO: tuple[Any, ...] = (Verdict, Adjustment, EditedRationale, Draft, ReviewCase)
LAST_TO_GO: tuple[Any, ...] = (Rating, Seat, Skip, GuidelineExample, Job, Suggestion)


def delete_videos(videos: Sequence[Video]) -> None:
    """Delete these videos, all that was said about them, and their files. Call it in a transaction."""
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
