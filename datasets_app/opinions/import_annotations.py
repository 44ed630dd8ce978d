"""Bring annotations from a file into a project: videos, ratings under one rater's name, a model's scores.

Safe to run twice: a row that says what is stored changes nothing, a row that says something else becomes the
next version of its rating.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from annotation.models import Arm, Project, User, Video
from annotation.review.cases import look_at
from annotation.room.queue import hold_rater
from annotation.room.ranking import rank_prompts
from annotation.room.seats import make_first_seats, make_seats
from annotation.room.settle import lock_videos, settle
from datasets_app.opinions.annotation_rows import AnnotationRow
from datasets_app.opinions.import_ratings import import_ratings
from datasets_app.opinions.import_suggestions import import_suggestions
from datasets_app.opinions.import_video_rows import import_video_rows
from datasets_app.opinions.read_annotations import Refused

CHUNK = 500  # rows a transaction; the number of queries of one does not depend on it


@dataclass
class Outcome:
    """What became of a file's rows."""

    rows: int = 0
    new_videos: int = 0
    new_ratings: int = 0
    changed_ratings: int = 0
    unchanged_ratings: int = 0
    extra_ratings: int = 0  # kept, not counted: the video's seats were full
    unrated: int = 0
    suggestions: int = 0
    refused: list[Refused] = field(default_factory=list)


def import_annotations(
    project: Project,
    rows: Iterable[AnnotationRow | Refused],
    *,
    rater: User,
    arm: str = Arm.BLIND,
    progress: Callable[[int], None] = lambda rows: None,
) -> Outcome:
    """Store the rows, some hundred a transaction; what was refused is reported, the rest lands."""
    outcome = Outcome()
    for chunk in _chunks(_first_of_each_video(rows, outcome)):
        with transaction.atomic():
            _store(project, chunk, rater, arm, outcome)
        progress(outcome.rows)
    rank_prompts(project)
    return outcome


def _first_of_each_video(rows: Iterable[AnnotationRow | Refused], outcome: Outcome) -> Iterator[AnnotationRow]:
    """Rows that may be stored: a video that was in the file before is taken once, a contradiction is refused."""
    seen: dict[str, tuple[str, int]] = {}
    for row in rows:
        outcome.rows += 1
        if isinstance(row, Refused):
            outcome.refused.append(row)
            continue
        said = hash((row.prompt, *row.scores.items(), *row.reasons.items(), row.rationale))
        place, first = seen.setdefault(row.name, (row.place, said))
        if place == row.place:
            yield row
        elif said != first:
            outcome.refused.append(Refused(row.place, f"{row.name} is in {place} already and says something else"))


def _chunks(rows: Iterator[AnnotationRow]) -> Iterator[list[AnnotationRow]]:
    chunk: list[AnnotationRow] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _store(project: Project, rows: list[AnnotationRow], rater: User, arm: str, outcome: Outcome) -> None:
    hold_rater(rater)
    found = import_video_rows(project, rows)
    outcome.new_videos += len(found.new)
    outcome.refused += found.refused
    videos: dict[str, Video] = found.videos
    rows = [row for row in rows if row.name in videos]
    new = {video.pk for video in found.new}
    known = [video for video in videos.values() if video.pk not in new]
    make_first_seats(project, found.new)
    make_seats(project, known)
    outcome.suggestions += import_suggestions(rows, videos, new)
    ratings = import_ratings([row for row in rows if row.scores], videos, rater, arm)
    outcome.unrated += sum(not row.scores for row in rows)
    outcome.new_ratings += ratings.new
    outcome.changed_ratings += ratings.changed
    outcome.unchanged_ratings += ratings.unchanged
    outcome.extra_ratings += ratings.extra
    outcome.refused += ratings.refused
    changed = {video.pk: video for video in (*known, *ratings.touched)}
    lock_videos(list(changed))
    settle(ratings.touched)
    look_at(changed.values())
