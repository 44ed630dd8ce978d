"""A project of VideoFeedback2's size by bulk inserts, its raters, and what must be true of it after a run."""

import random
from collections.abc import Sequence

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q
from django.test import Client
from django.utils import timezone

from annotation.models import (
    Distribution,
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
from benchmarks.rating_room.load import Log

SLUG = "rating-room"
BATCH = 2_000
RATIONALE = (
    "The plate keeps its shape, and the light on its rim is steady. Between the first and the second second the "
    "hand enters from the left; its fingers run together for a moment. The cup is there, its steam is not. "
) * 6


def make_project(*, videos: int, prompts: int, rated: float = 0.0, clips: Sequence[str] = ()) -> Project:
    """`videos` ready videos of `prompts` prompts with a suggestion and three seats each; arms 80/10/10.

    `rated` is the share of prompts, in queue order, that three other raters have finished. The videos share the
    files of `clips` by turns (names in the media root, without suffix).
    """
    names = list(clips) or ["none"]
    project = Project.objects.create(
        slug=SLUG, name="Rating room", overlap=3, seed=7, prefill_percent=80, reveal_percent=10, blind_percent=10
    )
    model = T2VModel.objects.create(project=project, name="bench")
    positions = random.Random(7).sample(range(prompts), prompts)
    texts = [f"A red cup on a plate turns slowly in the morning light, number {n}" for n in range(prompts)]
    kept = Prompt.objects.bulk_create(
        Prompt(project=project, text=text, text_sha256=Prompt.hash_text(text), position=positions[n])
        for n, text in enumerate(texts)
    )
    made = Video.objects.bulk_create(
        (_video(project, kept[n % prompts], model, n, names[n % len(names)]) for n in range(videos)),
        batch_size=BATCH,
    )
    _suggest(project, made)
    _seat(project, made, rated_below=int(prompts * rated))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return project


def make_raters(project: Project, count: int) -> list[User]:
    """New members of the project."""
    start = User.objects.count()
    raters = User.objects.bulk_create(
        User(username=f"rater-{start + n}", email=f"rater-{start + n}@example.org", password="!")
        for n in range(count)
    )
    Membership.objects.bulk_create(Membership(project=project, user=rater, role=Role.RATER) for rater in raters)
    return raters


def cookie_of(rater: User) -> str:
    """A session of this rater's, as the login page would give it."""
    client = Client()
    client.force_login(rater, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def faults(project: Project, log: Log) -> list[str]:
    """What is wrong after a run: seats filled twice, acknowledged ratings lost or changed."""
    found = []
    in_project = Rating.objects.filter(video__project=project)
    per_video = in_project.counted().values("video").annotate(n=Count("pk"))
    if too_many := per_video.filter(n__gt=project.overlap).count():
        found.append(f"{too_many} videos have more ratings than seats")
    if extra := in_project.filter(extra=True).count():
        found.append(f"{extra} ratings found no seat")
    counted = Q(ratings__live=True, ratings__purpose="main", ratings__extra=False)
    seats, ratings = Count("seats", distinct=True), Count("ratings", filter=counted, distinct=True)
    filled = project.videos.filter(seats__filled_at__isnull=False).annotate(
        seats_filled=seats, ratings_made=ratings
    )
    if uneven := filled.exclude(seats_filled=F("ratings_made")).count():
        found.append(f"{uneven} videos have filled seats without ratings, or ratings without seats")
    stored = Rating.objects.in_bulk(list(log.acknowledged))
    for pk, scores in log.acknowledged.items():
        if pk not in stored:
            found.append(f"rating {pk} was acknowledged and is not there")
        elif stored[pk].scores != scores:
            found.append(f"rating {pk} was acknowledged as {scores} and is {stored[pk].scores}")
    return found


def _video(project: Project, prompt: Prompt, model: T2VModel, n: int, clip: str) -> Video:
    return Video(
        project=project,
        prompt=prompt,
        t2v_model=model,
        name=f"video-{n}",
        sha256=f"{n:064x}",
        original=f"{clip}.mp4",
        poster=f"{clip}.jpg",
        thumbnails=f"{clip}-strip.jpg",
        thumbnail_count=10,
        container="mp4",
        codec="h264",
        media_state="ready",
        fps=24.0,
        frames=96,
        seconds=4.0,
        width=720,
        height=480,
    )


def _suggest(project: Project, videos: list[Video]) -> None:
    scorer = Scorer.objects.get_or_create(name="videoscore2")[0]
    version = ScorerVersion.objects.get_or_create(scorer=scorer, settings_sha256="0" * 64)[0]
    suggestions = Suggestion.objects.bulk_create(
        (
            Suggestion(
                video=video,
                scorer_version=version,
                status="complete",
                raw_text=RATIONALE,
                rationale=RATIONALE,
                **{key: 2 + (video.pk + place) % 3 for place, key in enumerate(DIMENSION_KEYS)},
            )
            for video in videos
        ),
        batch_size=BATCH,
    )
    shares = {"p1": 0.05, "p2": 0.1, "p3": 0.15, "p4": 0.6, "p5": 0.1}
    numbers = {"soft_score": 2.4, "expected_score": 3.6, "confidence": 0.6} | shares
    Distribution.objects.bulk_create(
        (Distribution(suggestion=one, dimension=key, **numbers) for one in suggestions for key in DIMENSION_KEYS),
        batch_size=BATCH,
    )
    project.suggester = version
    project.save()


def _seat(project: Project, videos: list[Video], *, rated_below: int) -> None:
    """Every video's seats; those of prompts placed before `rated_below` are filled with blind ratings."""
    others = make_raters(project, project.overlap)
    now = timezone.now()
    seats, ratings = [], []
    for video in videos:
        for number, other in enumerate(others, 1):
            if video.prompt.position >= rated_below:
                seats.append(Seat(video=video, number=number))
                continue
            seats.append(Seat(video=video, number=number, holder=other, filled_at=now))
            scores = dict.fromkeys(DIMENSION_KEYS, 3)
            ratings.append(Rating(video=video, rater=other, arm="blind", **scores))
    Seat.objects.bulk_create(seats, batch_size=BATCH)
    Rating.objects.bulk_create(ratings, batch_size=BATCH)
