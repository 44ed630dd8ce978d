"""How long an evaluation of a project of VideoFeedback2's size takes: 27,168 videos with three ratings each.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/evaluation.py

Makes the project in a scratch database beside the one named (which it does not touch). Each suggestion has its
three distributions; two versions are compared.
"""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django

from benchmarks.rating_room import server

ADDRESS = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
WORK = ADDRESS.rpartition("/")[2] + "_evaluation"
server.settle_environment(server.named(ADDRESS, WORK))
django.setup()

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections

from annotation.models import Project, Scorer, ScorerVersion
from benchmarks.finished_project import make_project
from scoring.evaluation.bootstrap import REPEATS
from scoring.evaluation.keep import loaded
from scoring.evaluation.page import groupings, rows
from scoring.evaluation.results import all_intervals, results
from scoring.evaluation.truth import ALL, UNBIASED
from scoring.evaluation.worst import worst_first

VIDEOS = 27_168
GOAL_SECONDS = 5.0  # for the figures of one version
# A digit near the verdict, and probabilities around it.
SUGGESTIONS = """
INSERT INTO annotation_suggestion (video_id, scorer_version_id, sample, status, raw_text, rationale, created_at,
    visual_quality, text_alignment, physical_consistency)
SELECT video_id, %s, 0, 'complete', '', '', now(),
    greatest(1, least(5, visual_quality + floor(random() * 3)::int - 1)),
    greatest(1, least(5, text_alignment + floor(random() * 3)::int - 1)),
    greatest(1, least(5, physical_consistency + floor(random() * 3)::int - 1)) FROM annotation_verdict
"""
DISTRIBUTIONS = """
INSERT INTO annotation_distribution (suggestion_id, dimension, soft_score, expected_score, confidence,
    p1, p2, p3, p4, p5)
SELECT id, d, 2.0, greatest(1, least(5, s + random() - 0.5)), 0.4 + 0.6 * random(), 0.2, 0.2, 0.2, 0.2, 0.2
FROM annotation_suggestion, LATERAL (VALUES ('visual_quality', visual_quality), ('text_alignment', text_alignment),
    ('physical_consistency', physical_consistency)) AS of (d, s) WHERE scorer_version_id = %s
"""


def main() -> None:
    try:
        server.create(ADDRESS, WORK, "template0")
        call_command("migrate", verbosity=0)
        project = timed(f"{VIDEOS:,} videos with 3 ratings each made", lambda: make_project(videos=VIDEOS))
        versions = [answers(letter) for letter in "ab"]
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        measure(project, versions)
    finally:
        connections.close_all()
        server.drop(ADDRESS, WORK)


def answers(letter: str) -> ScorerVersion:
    scorer, _ = Scorer.objects.get_or_create(name="bench")
    version = ScorerVersion.objects.create(scorer=scorer, settings_sha256=letter * 64)
    with connection.cursor() as cursor:
        cursor.execute(SUGGESTIONS, [version.pk])
        cursor.execute(DISTRIBUTIONS, [version.pk])
    return version


def measure(project: Project, versions: list[ScorerVersion]) -> None:
    cache.clear()
    for ratings in (UNBIASED, ALL):
        first = f"figures of one version, {ratings} ratings (goal {GOAL_SECONDS:.0f} s)"
        timed(first, partial(page, project, versions[:1], ratings))
        timed("  again, kept", partial(page, project, versions[:1], ratings))
        timed("  two versions side by side, one kept", partial(page, project, versions, ratings))
    one = results(loaded(project, versions[:1], UNBIASED))
    timed("worst disagreements", lambda: worst_first(one.sides[0].loaded))
    timed(
        f"intervals of one version, groups included, {REPEATS:,} repeats",
        lambda: all_intervals(one, repeats=REPEATS, seed=1),
    )
    two = results(loaded(project, versions, UNBIASED))
    timed("intervals of two versions and their differences", lambda: all_intervals(two, repeats=REPEATS, seed=1))
    print(f"peak memory of all: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB")


def page(project: Project, versions: list[ScorerVersion], ratings: str) -> None:
    found = results(loaded(project, versions, ratings))
    assert found.videos == VIDEOS
    rows(found, versions, None)
    groupings(found, None)


def timed(name: str, work: Callable[[], Any]) -> Any:
    start, cpu = time.monotonic(), time.process_time()
    done = work()
    print(f"{name}: {time.monotonic() - start:.2f} s, {time.process_time() - cpu:.2f} s of CPU", flush=True)
    return done


if __name__ == "__main__":
    main()
