"""What one rater sees of one video: built here, so that nothing else of the model can reach the page."""

from dataclasses import dataclass

from django.urls import reverse

from annotation.frames_seen import FramesSeen, frames_of
from annotation.leaks import strip_leaks
from annotation.models import Arm, Draft, Project, Video
from annotation.room.drafts import send_suggestion
from annotation.room.progress import Progress
from annotation.scale import DIMENSIONS, Dimension


@dataclass(frozen=True)
class Card:
    """One dimension on the screen. `shown` is the model's score where this rater is shown it, else None."""

    dimension: Dimension
    score: int | None
    reason: str
    shown: int | None


@dataclass(frozen=True)
class Screening:
    """One video on the screen. Unless the rater is shown the suggestion, `rationale` is empty and `seen` None."""

    project: Project
    video: Video
    prompt_text: str
    draft: Draft
    cards: list[Card]
    rationale: str
    seen: FramesSeen | None  # the frames that the model looked at
    stand_in: bool  # what is shown comes from a checkpoint for trying out
    done: int
    total: int
    today: int
    play_url: str
    poster_url: str
    thumbnails_url: str


def screening_of(project: Project, video: Video, draft: Draft, progress: Progress) -> Screening:
    """The screen of this draft; what it sends of the suggestion is stored in the draft first."""
    send_suggestion(project, draft)
    shown = draft.shown
    visible = draft.suggestion if draft.arm == Arm.PREFILL else None
    return Screening(
        project=project,
        video=video,
        prompt_text=video.prompt.text,
        draft=draft,
        cards=[
            Card(dimension, draft.scores[dimension.key], draft.reasons[dimension.key], shown[dimension.key])
            for dimension in DIMENSIONS
        ],
        rationale=strip_leaks(visible.rationale)[0] if visible else "",
        seen=frames_of(visible) if visible else None,
        stand_in=visible.scorer_version.stand_in if visible else False,
        done=progress.done,
        total=progress.total,
        today=progress.today,
        play_url=_media_url(video, "play"),
        poster_url=_media_url(video, "poster"),
        thumbnails_url=_media_url(video, "thumbnails"),
    )


def _media_url(video: Video, kind: str) -> str:
    return reverse("media", args=[video.public_id, kind])
