"""A project read from beginning to end: each video with the ratings that count toward verdicts, as plain values.

Three streams in one order, prompt by prompt, walked side by side: memory stays the same however many there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from datetime import date as Day
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from annotation.models import AdjustmentRule, Decision, Project, Rating, Review, Suggestion, Video
from annotation.models.suggestion import IMPORTED
from annotation.scale import DIMENSION_KEYS
from datasets_app.releases.export_options import Options
from datasets_app.releases.rationale import RationaleSource

CHUNK = 1_000  # rows fetched at once
LONG = 200  # bytes of a text that cannot be blank
SOME = "x"  # stands for any text where texts are not read


class VideoFacts(NamedTuple):
    """A video, what was decided about it and by whom. Numbers of three are in the order of the scale."""

    prompt_pk: int
    pk: int
    name: str
    url: str
    prompt: str
    prompt_source: str
    t2v_model: str
    tier: str
    file: str
    sha256: str
    width: int
    height: int
    fps: float
    seconds: float
    media_state: str
    policy: str | None  # of the verdict; None where there is none
    last_decision: str | None  # a reviewer's; asked for only where it matters
    case_state: str | None
    adjustment: str | None  # its outcome; None where there is none for the scorer that was asked for
    example: int | None  # of the guidelines, which nobody is asked to rate
    edited: str | None  # a rationale
    verdict: tuple[int, ...]
    exact: tuple[float, ...]
    adjusted: tuple[int, ...]
    adjusted_human: tuple[int, ...]
    edited_for: tuple[int, ...]


@dataclass(slots=True)
class RatingFacts:
    """A counted rating. `counts` says whether it is in the arms and days that were asked for."""

    arm: str
    counts: bool
    imported: bool
    scores: tuple[int, ...]
    shown: tuple[int | None, ...]
    reasons: tuple[str, ...]


class Facts(NamedTuple):
    video: VideoFacts
    ratings: list[RatingFacts]
    rationale: str  # the first that came with a rating that counts
    model_scores: tuple[int | None, ...]  # that came with an imported record; empty where none did


def select_facts(project: Project, options: Options, *, texts: bool = True) -> Iterator[Facts]:
    """The videos that `options` name by T2V model and prompt source, all of one prompt together; four queries.

    Without `texts` each reason and rationale is `SOME` or empty. Call it inside `one_moment`.
    """
    ratings = _Beside(_ratings(project, options, texts=texts))
    rationales = _Beside(_rationales(project, options, texts=texts))
    suggestions = _Beside(_imported_suggestions(project, options) if texts else iter(()))
    for row in _videos(project, options, texts=texts).iterator(chunk_size=CHUNK):
        key = row[:2]
        yield Facts(
            _video(row),
            [_rating(*rating) for rating in ratings.of(key)],
            next((rationale for *_, rationale in rationales.of(key)), ""),
            next((tuple(said) for _, _, *said in suggestions.of(key)), ()),
        )


class _Beside:
    """A stream whose rows begin with (prompt, video), in that order, walked beside the videos."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=itemgetter(0, 1))
        self._key: tuple[int, int] | None = (0, 0)
        self._rows: list[tuple[Any, ...]] = []

    def of(self, key: tuple[int, int]) -> list[tuple[Any, ...]]:
        """The rows of this video; videos are asked for in order."""
        while self._key is not None and self._key < key:
            self._key, rows = next(self._groups, (None, iter(())))
            self._rows = list(rows)
        return self._rows if self._key == key else []


_SINGLE = VideoFacts._fields[: VideoFacts._fields.index("verdict")]
_THREES = range(len(_SINGLE), len(_SINGLE) + 5 * len(DIMENSION_KEYS), len(DIMENSION_KEYS))


def _video(row: tuple[Any, ...]) -> VideoFacts:
    return VideoFacts(*row[: len(_SINGLE)], *(row[at : at + len(DIMENSION_KEYS)] for at in _THREES))


def _last_decisions() -> QuerySet[Any, Any]:
    """The last decision about the video `OuterRef("pk")`; "" where other ratings were accepted than count now."""
    looked_at = Review.ratings.through.objects.filter(rating=OuterRef("pk"), review=OuterRef(OuterRef("pk")))
    unseen = Rating.objects.counted().filter(~Exists(looked_at), video=OuterRef("video"))
    outdated = When(Exists(unseen), decision=Decision.ACCEPT, then=Value(""))
    newest_first = Review.objects.filter(video=OuterRef("pk")).order_by("-pk")
    return newest_first.values(stands=Case(outdated, default=F("decision")))[:1]


def _videos(project: Project, options: Options, *, texts: bool) -> "QuerySet[Any, Any]":
    nothing = Value(None, output_field=CharField())
    adjusted = Q(
        adjustments__scorer_version=options.reconcile or 0, adjustments__rule=AdjustmentRule.VIDEOFEEDBACK2
    )
    some_text = Case(When(edit__isnull=False, then=Value(SOME)), default=nothing)
    return (
        Video.objects.filter(_named(options, ""), project=project)
        .annotate(
            last_decision=Subquery(_last_decisions()) if options.reviewed_only else nothing,
            edit=FilteredRelation("edited_rationales", condition=Q(edited_rationales__live=True)),
            adjustment=FilteredRelation("adjustments", condition=adjusted),
            edited=F("edit__text") if texts else some_text,
        )
        .order_by("prompt", "pk")
        .values_list(
            "prompt", "pk", "name", "source_url", "prompt__text", "prompt__source", "t2v_model__name",
            "t2v_model__tier", "original", "sha256", "width", "height", "fps", "seconds", "media_state",
            "verdict__policy", "last_decision", "review_case__state", "adjustment__outcome",
            "guideline_example", "edited",
            *(f"verdict__{key}" for key in DIMENSION_KEYS),
            *(f"verdict__{key}_exact" for key in DIMENSION_KEYS),
            *(f"adjustment__{key}" for key in DIMENSION_KEYS),
            *(f"adjustment__{key}_human" for key in DIMENSION_KEYS),
            *(f"edit__{key}" for key in DIMENSION_KEYS),
        )
    )  # fmt: skip


def _rating(_prompt: int, _video: int, arm: str, counts: bool, imported: bool, *more: Any) -> RatingFacts:
    return RatingFacts(arm, counts, imported, more[:3], more[3:6], more[6:])


def _ratings(project: Project, options: Options, *, texts: bool) -> Iterator[tuple[Any, ...]]:
    ratings = Rating.objects.counted().filter(_named(options, "video__"), video__project=project)
    reasons = [f"{key}_reason" for key in DIMENSION_KEYS]
    if not texts:
        ratings = ratings.annotate(**{f"some_{reason}": _some(reason) for reason in reasons})
        reasons = [f"some_{reason}" for reason in reasons]
    wanted = _wanted(options)
    return (
        ratings.annotate(counts=ExpressionWrapper(wanted, output_field=BooleanField()) if wanted else Value(True))
        .order_by("video__prompt", "video", "submitted_at", "pk")
        .values_list(
            "video__prompt", "video", "arm", "counts", "imported",
            *DIMENSION_KEYS, *(f"{key}_shown" for key in DIMENSION_KEYS), *reasons,
        )
        .iterator(chunk_size=CHUNK)
    )  # fmt: skip


def _rationales(project: Project, options: Options, *, texts: bool) -> Iterator[tuple[Any, ...]]:
    """One of each video: the others, long as they are, stay where they are. Blank ones come last."""
    if options.rationale not in ("", RationaleSource.IMPORTED):
        return iter(())
    long = Q(size__gt=LONG)  # not worth unpacking in the database
    blank = Case(When(long, then=0), When(rationale__regex=r"\S", then=0), default=1)
    first = Window(RowNumber(), partition_by="video", order_by=[blank, "submitted_at", "pk"])
    ratings = Rating.objects.counted().filter(_named(options, "video__"), _wanted(options), video__project=project)
    return (
        ratings.exclude(rationale="")
        .annotate(size=_Bytes("rationale"), nth=first)
        .filter(nth=1)
        .order_by("video__prompt", "video")
        .values_list("video__prompt", "video", "rationale" if texts else Value(SOME))
        .iterator(chunk_size=CHUNK)
    )


def _imported_suggestions(project: Project, options: Options) -> Iterator[tuple[Any, ...]]:
    suggestions = Suggestion.objects.filter(scorer_version__scorer__name=IMPORTED)
    return (
        suggestions.filter(_named(options, "video__"), video__project=project)
        .order_by("video__prompt", "video", "pk")
        .values_list("video__prompt", "video", *DIMENSION_KEYS)
        .iterator(chunk_size=CHUNK)
    )


class _Bytes(Func):
    """A text's length in bytes, which PostgreSQL knows without reading it; on SQLite in characters."""

    function = "octet_length"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, function="length", **more)


def _some(column: str) -> Case:
    return Case(When(**{column: ""}, then=Value("")), default=Value(SOME))


def _named(options: Options, to_video: str) -> Q:
    """Videos of the T2V models and prompt sources that were asked for; of any, where none was."""
    wanted = Q()
    if options.t2v_models:
        wanted &= Q(**{f"{to_video}t2v_model__name__in": options.t2v_models})
    if options.prompt_sources:
        wanted &= Q(**{f"{to_video}prompt__source__in": options.prompt_sources})
    return wanted


def _wanted(options: Options) -> Q:
    """Ratings in the arms and days that were asked for; empty where any will do."""
    wanted = Q()
    if options.arms:
        wanted &= Q(arm__in=options.arms)
    if options.since:
        wanted &= Q(submitted_at__gte=_midnight(options.since))
    if options.until:
        wanted &= Q(submitted_at__lt=_midnight(options.until) + timedelta(days=1))
    return wanted


def _midnight(day: str) -> datetime:
    """The beginning of an ISO day in UTC."""
    return datetime.combine(Day.fromisoformat(day), time(), tzinfo=UTC)
