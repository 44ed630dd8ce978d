"""What one rater sees of one video: built here, so that nothing else of the model can reach the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from annotation.frames_seen import FramesSeen, frames_of
from annotation.leaks import strip_leaks
from annotation.models import Arm, Draft, Project, Video
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Dimension

Said = Mapping[str, Sequence[str]]  # sentences by field, of a submit that was not taken


@dataclass(frozen=True)
class Card:
    """One dimension on the screen.

    `shown` is the model's score where this rater is shown it, `before` the score of the version that is being
    changed; None where there is none. `said` are the sentences that a plain form got back about it.
    """

    dimension: Dimension
    score: int | None
    reason: str
    shown: int | None
    before: int | None
    said: list[str]


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
    revealed: bool  # the suggestion stands beside scores that were given without it
    play_url: str
    poster_url: str
    thumbnails_url: str


def screening_of(project: Project, video: Video, draft: Draft, said: Said | None = None) -> Screening:
    """The screen of this draft, with what it stored of the suggestion that is sent."""
    visible = draft.suggestion if draft.may_show_suggestion else None
    if visible:
        visible.video = video  # loaded already
    shown = draft.shown if visible else dict.fromkeys(DIMENSION_KEYS)
    return Screening(
        project=project,
        video=video,
        prompt_text=video.prompt.text,
        draft=draft,
        cards=[_card(dimension, draft, shown[dimension.key], said or {}) for dimension in DIMENSIONS],
        rationale=strip_leaks(visible.rationale)[0] if visible else "",
        seen=frames_of(visible) if visible else None,
        stand_in=visible.scorer_version.stand_in if visible else False,
        revealed=visible is not None and draft.arm == Arm.REVEAL,
        play_url=_media_url(video, "play"),
        poster_url=_media_url(video, "poster"),
        thumbnails_url=_media_url(video, "thumbnails"),
    )


def _card(dimension: Dimension, draft: Draft, shown: int | None, said: Said) -> Card:
    key = dimension.key
    return Card(
        dimension=dimension,
        score=draft.scores[key],
        reason=draft.reasons[key],
        shown=shown,
        before=draft.revises.scores[key] if draft.revises else None,
        said=[*said.get(key, ()), *said.get(f"{key}_reason", ())],
    )


def _media_url(video: Video, kind: str) -> str:
    return reverse("media", args=[video.public_id, kind])
