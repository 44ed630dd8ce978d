"""A project that experts have finished, put into PostgreSQL by COPY: every video rated and settled."""

import hashlib
import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, models

from annotation.models import Project, Prompt, Rating, T2VModel, User, Verdict, Video
from annotation.room.settle import middle
from annotation.scale import DIMENSION_KEYS

SLUG = "finished"
WORDS = 620  # of a rationale; those of VideoFeedback2 have as many
RATIONALES = 400  # different ones; each is stored as often as it occurs
T2V_MODELS = {"modern": "Modern", "good": "Good", "moderate": "Moderate", "poor": "Poor/Early"}
SOURCES = ["vidprom", "koala", "ocr", "camera"]
SHARES = {  # of 1 to 5 in VideoFeedback2, percent
    "visual_quality": (10, 20, 39, 26, 5),
    "text_alignment": (11, 18, 33, 29, 9),
    "physical_consistency": (10, 23, 37, 21, 9),
}
START = datetime(2026, 1, 5, tzinfo=UTC)
_TEXT = """
the video shows a dog that runs across wet sand while its legs blur and merge between frames so motion is not
natural however background stays stable with soft light colour balance seems right though texture of fur turns
flat near end camera pans slowly left to follow subject which matches prompt except for missing red ball
mentioned there physical plausibility suffers because shadow does not move together with body water splashes
appear before paw touches ground overall clarity remains acceptable at 1080p but sharp edges flicker
noticeably in second half sky changes brightness abruptly reflections behave strangely people behind walk
through each other rated score
"""
VOCABULARY = _TEXT.split()


def make_project(*, videos: int, ratings: int = 3, clips: Path | None = None, clip_bytes: int = 0) -> Project:
    """`videos` settled videos, ten a prompt, each with this many ratings, each with a rationale.

    With `clips` (the media root) each video has a file of its own of `clip_bytes` bytes there, else none.
    """
    draw = random.Random(7)
    project = Project.objects.create(slug=SLUG, name="Finished", overlap=ratings, seed=7)
    models_ = [T2VModel.objects.create(project=project, name=name, tier=tier) for name, tier in T2V_MODELS.items()]
    raters = User.objects.bulk_create(User(username=f"expert-{n}", password="!") for n in range(15))
    prompts = _prompts(project, -(-videos // 10), draw)
    _copy(Video, _videos(project, prompts, models_, videos, clips, clip_bytes))
    video_pks = list(Video.objects.order_by("pk").values_list("pk", flat=True))
    scores = {pk: [_scores(draw) for _ in range(ratings)] for pk in video_pks}
    _copy(Rating, _ratings(scores, [rater.pk for rater in raters], draw))
    _copy(Verdict, _verdicts(scores))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_verdict_ratings (verdict_id, rating_id) SELECT v.id, r.id FROM "
            "annotation_verdict v JOIN annotation_rating r USING (video_id)"
        )
        cursor.execute("ANALYZE")
    return project


def _copy(model: type[models.Model], rows: Iterable[dict[str, Any]]) -> None:
    """Put the rows into the model's table; what they do not name gets the field's default."""
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    usual = [None if field.null else field.get_default() for field in fields]
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row([row.get(field.column, value) for field, value in zip(fields, usual, strict=True)])


def _prompts(project: Project, count: int, draw: random.Random) -> list[Prompt]:
    texts = [f"{' '.join(draw.choices(VOCABULARY, k=18))}, number {n}" for n in range(count)]
    return Prompt.objects.bulk_create(
        (
            Prompt(
                project=project,
                text=text,
                text_sha256=Prompt.hash_text(text),
                source=SOURCES[n % len(SOURCES)],
                position=n,
            )
            for n, text in enumerate(texts)
        ),
        batch_size=2_000,
    )


def _videos(
    project: Project,
    prompts: Sequence[Prompt],
    t2v_models: Sequence[T2VModel],
    count: int,
    clips: Path | None,
    clip_bytes: int,
) -> Iterable[dict[str, Any]]:
    for n in range(count):
        public_id = uuid.UUID(int=n + 1)
        name = f"{n // 10:06d}_{'abcdefghij'[n % 10]}"
        original = f"videos/{n % 256:02x}/{public_id.hex}/original.mp4"
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        if clips is not None:
            content = (name.encode() + b"\0").ljust(clip_bytes, b"v")
            sha256 = hashlib.sha256(content).hexdigest()
            (clips / original).parent.mkdir(parents=True)
            (clips / original).write_bytes(content)
        yield {
            "project_id": project.pk, "prompt_id": prompts[n // 10].pk,
            "t2v_model_id": t2v_models[n % len(t2v_models)].pk, "public_id": public_id, "name": name,
            "source_url": f"https://example.org/clips/{name}.mp4", "metadata": "{}", "warnings": "[]",
            "created_at": START, "original": original, "sha256": sha256, "bytes": max(clip_bytes, 1),
            "media_state": "ready", "width": 720, "height": 480, "fps": 24.0, "frames": 96, "seconds": 4.0,
        }  # fmt: skip


def _ratings(
    scores: dict[int, list[tuple[int, ...]]], raters: Sequence[int], draw: random.Random
) -> Iterable[dict[str, Any]]:
    rationales = ["\n".join(_sentences(draw, WORDS)) for _ in range(RATIONALES)]
    reasons = [" ".join(_sentences(draw, 25)) + " [1.38s f33]" * (n % 3 == 0) for n in range(RATIONALES)]
    for at, (video_pk, given) in enumerate(scores.items()):
        for n, three in enumerate(given):
            yield {
                "video_id": video_pk, "rater_id": raters[(at + n) % len(raters)], "stage": "first",
                "purpose": "main", "arm": "blind" if n == 0 else "prefill", "submit_key": uuid.uuid4(),
                "submitted_at": START + timedelta(minutes=3 * at, seconds=n), "rationale": draw.choice(rationales),
                **dict(zip(DIMENSION_KEYS, three, strict=True)),
                **{f"{key}_reason": draw.choice(reasons) for key in DIMENSION_KEYS},
            }  # fmt: skip


def _verdicts(scores: dict[int, list[tuple[int, ...]]]) -> Iterable[dict[str, Any]]:
    for video_pk, given in scores.items():
        medians = [middle(each) for each in zip(*given, strict=True)]
        named = list(zip(DIMENSION_KEYS, medians, strict=True))
        yield {
            "video_id": video_pk,
            "policy": "median" if len(given) > 1 else "single",
            "settled_at": START,
            **{key: score for key, (score, _) in named},
            **{f"{key}_exact": exact for key, (_, exact) in named},
        }


def _scores(draw: random.Random) -> tuple[int, ...]:
    return tuple(draw.choices((1, 2, 3, 4, 5), SHARES[key])[0] for key in DIMENSION_KEYS)


def _sentences(draw: random.Random, words: int) -> Iterable[str]:
    while words > 0:
        length = min(words, draw.randint(10, 24))
        words -= length
        yield " ".join(draw.choices(VOCABULARY, k=length)).capitalize() + "."
