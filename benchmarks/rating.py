"""Time and query count of "next video" and "submit" at 100 and 10,000 videos, through the views, in one run.

    DEBUG=1 DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/rating.py

Works in a test database of its own and removes it. Each size is measured on a fresh project and again when
90 % of its seats are filled. Prints milliseconds (median, p95), queries, and the ratio of the sizes.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DEBUG", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone

from annotation.models import Draft, Project, Prompt, Rating, Seat, T2VModel, User, Video
from annotation.room.seats import make_seats
from tests.make import make_member

CYCLES = 40
PER_PROMPT = 10


def fill(project: Project, *, videos: int) -> None:
    """Rows of `videos` ready videos, ten a prompt, each with its seats."""
    model = T2VModel.objects.create(project=project, name="bench")
    prompts = Prompt.objects.bulk_create(
        Prompt(project=project, text=f"prompt {n}", text_sha256=Prompt.hash_text(f"prompt {n}"), position=n)
        for n in range(videos // PER_PROMPT)
    )
    Video.objects.bulk_create(
        Video(
            project=project,
            prompt=prompts[n // PER_PROMPT],
            t2v_model=model,
            name=f"video-{n}",
            sha256=f"{project.pk:032x}{n:032x}",
            original="videos/none.mp4",
            media_state="ready",
            fps=8.0,
            frames=16,
            seconds=2.0,
        )
        for n in range(videos)
    )
    make_seats(project)


def rate_share(project: Project, raters: list[User], share: float) -> None:
    """Fill this share of the project's seats, in queue order, with ratings: rater n has every video's seat n."""
    seats = Seat.objects.filter(video__project=project).order_by("video__prompt__position", "video", "number")
    chosen = list(seats[: int(seats.count() * share)])
    for seat in chosen:
        seat.holder, seat.filled_at = raters[seat.number - 1], timezone.now()
    Seat.objects.bulk_update(chosen, ["holder", "filled_at"], batch_size=1000)
    Rating.objects.bulk_create(
        Rating(
            video_id=seat.video_id,
            rater=seat.holder,
            arm="blind",
            visual_quality=3,
            text_alignment=3,
            physical_consistency=3,
        )
        for seat in chosen
    )


def timed(call: Callable[[], HttpResponse]) -> tuple[float, int, HttpResponse]:
    """Milliseconds, queries and the response of one call."""
    with CaptureQueriesContext(connection) as queries:
        start = time.perf_counter()
        response = call()
        milliseconds = (time.perf_counter() - start) * 1000
    return milliseconds, len(queries), response


def cycle(client: Client, project: Project, rater: User) -> dict[str, tuple[float, int]]:
    """One video of a rater's day: its page, then its submit."""
    taken, queries, response = timed(lambda: client.get(f"/p/{project.slug}/rate/"))
    assert response.status_code == 200, response.status_code
    draft = Draft.objects.filter(rater=rater).select_related("video").get()
    fields = {"revision": draft.revision, "submit_key": str(draft.submit_key)}
    for key in ("visual_quality", "text_alignment", "physical_consistency"):
        fields |= {key: "3", f"{key}_reason": "A plate shimmers at its rim."}
    submit = timed(
        lambda: client.post(
            f"/p/{project.slug}/rate/{draft.video.public_id}/submit/",
            fields,
            headers={"accept": "application/json"},
        )
    )
    assert submit[2].status_code == 200, submit[2].content
    return {"next": (taken, queries), "submit": submit[:2]}


def measure(videos: int, share: float) -> dict[str, float]:
    """Print a row for each step; the medians in milliseconds by step."""
    project = Project.objects.create(slug=f"bench-{videos}-{int(share * 100)}", name="Bench", overlap=2)
    rater, *others = (make_member(project) for _ in range(1 + project.overlap))
    fill(project, videos=videos)
    rate_share(project, others, share)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    client = Client()
    client.force_login(rater)
    cycles = [cycle(client, project, rater) for _ in range(min(CYCLES, int(videos * (1 - share) * 0.9)))][2:]
    medians = {}
    for step in ("next", "submit"):
        times = sorted(one[step][0] for one in cycles)
        counts = {one[step][1] for one in cycles}
        medians[step] = statistics.median(times)
        p95 = times[int(len(times) * 0.95) - 1]
        print(
            f"{videos:>7,} videos, {share:>4.0%} rated  {step:<6} median {medians[step]:6.1f} ms  "
            f"p95 {p95:6.1f} ms  queries {min(counts)}-{max(counts)}"
        )
    return medians


def main() -> None:
    setup_test_environment()
    settings.DEBUG = False
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        print(f"{connection.vendor}, through the views, one rater, up to {CYCLES} videos a row")
        for share in (0.0, 0.9):
            small, large = measure(100, share), measure(10_000, share)
            for step, milliseconds in large.items():
                print(f"  ratio 10,000 : 100, {step}: {milliseconds / small[step]:.2f}")
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
