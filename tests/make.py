"""Plain helpers that make what a test needs, by name."""

import itertools
import uuid
from pathlib import Path

import av
import numpy as np

from annotation.models import (
    Membership,
    Project,
    Prompt,
    Rating,
    Role,
    Scorer,
    ScorerVersion,
    Seat,
    Suggestion,
    T2VModel,
    User,
    Video,
)
from annotation.scale import DIMENSION_KEYS

_numbers = itertools.count(1)


def make_user(username: str | None = None, password: str | None = None) -> User:
    username = username or f"person-{next(_numbers)}"
    return User.objects.create_user(username, f"{username}@example.org", password)


def make_project(slug: str | None = None, **fields) -> Project:
    slug = slug or f"project-{next(_numbers)}"
    return Project.objects.create(slug=slug, **{"name": slug.replace("-", " ").title(), "seed": 7} | fields)


def make_member(project: Project, role: str = Role.RATER, username: str | None = None, password=None) -> User:
    user = make_user(username, password)
    Membership.objects.create(project=project, user=user, role=role)
    return user


def make_prompt(project: Project, text: str | None = None, **fields) -> Prompt:
    number = next(_numbers)
    text = text or f"a red ball rolls over table {number}"
    return Prompt.objects.get_or_create(
        project=project,
        text_sha256=Prompt.hash_text(text),
        defaults={"text": text, "position": number} | fields,
    )[0]


def make_video(
    project: Project, prompt: str | Prompt | None = None, t2v_model: str = "unknown", **fields
) -> Video:
    """A ready video without real files, and its seats."""
    number = next(_numbers)
    video = Video.objects.create(
        project=project,
        prompt=prompt if isinstance(prompt, Prompt) else make_prompt(project, prompt),
        t2v_model=T2VModel.objects.get_or_create(project=project, name=t2v_model)[0],
        **{
            "name": f"video-{number}",
            "sha256": f"{number:064x}",
            "original": "videos/none.mp4",
            "container": "mp4",
            "media_state": "ready",
            "fps": 8.0,
            "frames": 16,
            "seconds": 2.0,
            "width": 64,
            "height": 48,
        }
        | fields,
    )
    Seat.objects.bulk_create(Seat(video=video, number=n) for n in range(1, project.overlap + 1))
    return video


def make_scorer_version(name: str = "technical") -> ScorerVersion:
    scorer = Scorer.objects.get_or_create(name=name)[0]
    return ScorerVersion.objects.get_or_create(scorer=scorer, settings_sha256="0" * 64)[0]


def make_suggestion(video: Video, version: ScorerVersion | None = None, scores=(4, 4, 3), **fields) -> Suggestion:
    return Suggestion.objects.create(
        video=video,
        scorer_version=version or make_scorer_version(),
        status="complete" if None not in scores else "partial",
        visual_quality=scores[0],
        text_alignment=scores[1],
        physical_consistency=scores[2],
        **{"rationale": f"The picture is steady ({uuid.uuid4().hex})."} | fields,
    )


def make_rating(video: Video, rater: User, scores=(3, 3, 3), **fields) -> Rating:
    """A submitted rating in a seat of its own; blind unless told otherwise."""
    rating = Rating.objects.create(
        video=video, rater=rater, **dict(zip(DIMENSION_KEYS, scores, strict=True)), **{"arm": "blind"} | fields
    )
    seat = video.seats.filter(filled_at=None).first()
    if seat is not None and not video.seats.filter(holder=rater).exists():
        seat.holder, seat.leased_until, seat.filled_at = rater, None, rating.submitted_at
        seat.save()
    return rating


def draw_clip(
    path: Path, *, frames: int = 16, fps: int = 8, size: tuple[int, int] = (64, 48), codec: str = "libx264"
) -> Path:
    """Write a small real clip: a bright square crosses a grey ground. `size` is (width, height) in pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            picture = np.full((height, width, 3), 90, np.uint8)
            left = int((width - 8) * index / max(frames - 1, 1))
            picture[height // 2 - 4 : height // 2 + 4, left : left + 8] = (230, 180, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path
