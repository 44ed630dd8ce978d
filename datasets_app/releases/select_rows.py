"""What a release is made of: one row a verdict, read in chunks from one moment of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Prefetch, QuerySet

from annotation.models import MediaState, Project, Rating, Suggestion, Verdict
from annotation.models.suggestion import IMPORTED
from annotation.scale import DIMENSIONS
from datasets_app.releases.rationale import choose_rationale, comment

CHUNK = 500  # rows a query
UNPLAYABLE: dict[str, str] = {
    MediaState.MISSING: "file not imported",
    MediaState.WAITING: "file not prepared yet",
    MediaState.FAILED: "file could not be prepared",
}


@dataclass(frozen=True)
class Row:
    """A settled video with its texts. `scores`, `comments` and `model_scores` are by dimension key.

    `file` is the original's name in the media store; `unplayable` says in a few words why it cannot be used.
    """

    name: str
    url: str
    prompt: str
    scores: dict[str, int]
    comments: dict[str, str]
    model_scores: dict[str, int | None]  # empty unless they came with an imported record
    rationale: str
    rationale_source: str
    stripped: int  # leaking lines taken out of the rationale
    file: str
    sha256: str
    unplayable: str


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every query inside see the same moment, without holding up writers.

    PostgreSQL: one read-only transaction. SQLite: a plain BEGIN, since a transaction of Django's would be
    IMMEDIATE and lock writers out.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def select_rows(project: Project, *, rationale: str) -> Iterator[Row]:
    """The project's rows in the order in which its videos came. Three queries for each `CHUNK` of them."""
    for verdict in settled(project).iterator(chunk_size=CHUNK):
        yield _row(verdict, rationale)


def settled(project: Project) -> QuerySet[Verdict]:
    """The project's verdicts with all that a row needs."""
    return (
        Verdict.objects.filter(video__project=project)
        .select_related("video__prompt")
        .prefetch_related(
            Prefetch("ratings", Rating.objects.order_by("submitted_at", "pk")),
            Prefetch("video__suggestions", Suggestion.objects.filter(scorer_version__scorer__name=IMPORTED)),
        )
        .order_by("video_id")
    )


def _row(verdict: Verdict, wanted: str) -> Row:
    video = verdict.video
    ratings = list(verdict.ratings.all())
    rationale = choose_rationale(ratings, wanted)
    return Row(
        name=video.name,
        url=video.source_url,
        prompt=video.prompt.text,
        scores={key: int(score) for key, score in verdict.scores.items() if score is not None},
        comments={dimension.key: comment(ratings, dimension.key) for dimension in DIMENSIONS},
        model_scores=next((suggestion.scores for suggestion in video.suggestions.all()), {}),
        rationale=rationale.text,
        rationale_source=rationale.source,
        stripped=rationale.stripped,
        file=video.original.name or "",
        sha256=video.sha256,
        unplayable=UNPLAYABLE.get(video.media_state, ""),
    )
