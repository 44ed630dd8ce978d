"""VideoFeedback2's reconciliation of experts' and a model's scores (arXiv 2509.22799), as rows of their own.

Of each dimension, human h and model m: at most 1 apart, h stays; 2 apart, int((h + m) / 2). 3 or more apart in any
dimension, and the whole answer is put aside: the model is asked again, up to three times, and a video on which it
never comes near is discarded. Where the model abstained on a dimension there is nothing to set against h, so h
stays; an answer without any score decides nothing and counts as a try. Verdicts and ratings are never touched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import F, Q, QuerySet

from annotation.audit import record
from annotation.models import (
    Adjustment,
    AdjustmentOutcome,
    AdjustmentRule,
    AuditKind,
    Project,
    ScorerVersion,
    Suggestion,
    User,
    Verdict,
    Video,
)
from annotation.scale import DIMENSION_KEYS
from scoring.jobs import enqueue
from scoring.registry import UnknownScorer, entry
from scoring.versions import is_usable

TRIES = 4  # the first answer and three more
CHUNK = 2_000  # rows a statement
RULE = AdjustmentRule.VIDEOFEEDBACK2
Triple = tuple[int | None, ...]  # scores in the order of the scale


class Judged(NamedTuple):
    """What becomes of one video: its scores (null where there are none), and the answer that decided, from 0."""

    outcome: AdjustmentOutcome
    scores: Triple
    by: int


@dataclass
class Tally:
    """What a run found and did. The outcomes add up to the settled videos that have a suggestion."""

    outcomes: Counter[str] = field(default_factory=Counter)
    without: int = 0  # settled videos without a suggestion of this version
    changed: int = 0  # rows that were written
    removed: int = 0  # rows whose video is not settled any more, or lost its suggestion
    asked: int = 0  # jobs queued for one more answer


def judge(human: Sequence[int], answers: Sequence[Triple]) -> Judged:
    """Apply the rule to one video: `answers`, one or more, in the order in which they were given."""
    nothing: Triple = (None,) * len(human)
    for at, answer in enumerate(answers[:TRIES]):
        pairs = list(zip(human, answer, strict=True))
        apart = [abs(h - m) for h, m in pairs if m is not None]
        if not apart or max(apart) > 2:
            continue
        outcome = AdjustmentOutcome.AVERAGED if max(apart) == 2 else AdjustmentOutcome.KEPT
        scores = tuple(h if m is None or abs(h - m) < 2 else int((h + m) / 2) for h, m in pairs)
        return Judged(outcome, scores, at)
    last = min(len(answers), TRIES) - 1
    if last + 1 < TRIES:
        return Judged(AdjustmentOutcome.SENT_BACK, nothing, last)
    return Judged(AdjustmentOutcome.DISCARDED, nothing, last)


def reconcile(project: Project, version: ScorerVersion, *, ask: bool = True, by: User | None = None) -> Tally:
    """Bring the project's adjustments by this version up to date; with `ask`, queue answers that are missing.

    Safe to repeat: rows that are right already are not written again. Seconds for 30,000 videos.
    """
    tally = Tally()
    stored = {row.video_id: row for row in adjustments_of(project, version)}
    back: dict[int, list[int]] = defaultdict(list)  # videos by the number of answers they have
    fresh = []
    for made in _judged(project, version, tally):
        if made.outcome == AdjustmentOutcome.SENT_BACK:
            back[made.tries].append(made.video_id)
        if not _is_same(stored.pop(made.video_id, None), made):
            fresh.append(made)
    for start in range(0, len(fresh), CHUNK):
        _store(fresh[start : start + CHUNK])
    tally.changed = len(fresh)
    tally.removed = len(stored)
    gone = [row.pk for row in stored.values()]
    for start in range(0, len(gone), CHUNK):
        Adjustment.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    if ask and can_be_asked(version):
        tally.asked = sum(_ask_once_more(version, pks, tries) for tries, pks in sorted(back.items()))
    if tally.changed or tally.removed:
        changed, removed = tally.changed, tally.removed
        record(
            AuditKind.RECONCILED, by=by, project=project, subject=str(version), changed=changed, removed=removed
        )
    return tally


def adjustments_of(project: Project, version: ScorerVersion) -> QuerySet[Adjustment]:
    return Adjustment.objects.filter(video__project=project, scorer_version=version, rule=RULE)


def is_outdated() -> Q:
    """Adjustments that were made for other scores than the verdict's of now, or whose verdict is gone."""
    differs = Q(video__verdict=None)
    for key in DIMENSION_KEYS:
        differs |= ~Q(**{f"{key}_human": F(f"video__verdict__{key}")})
    return differs


def can_be_asked(version: ScorerVersion) -> bool:
    """Whether the version can answer here once more, and would not just repeat itself as a heuristic does."""
    try:
        return not entry(version.scorer.name).heuristic and is_usable(version)
    except UnknownScorer:
        return False


def _judged(project: Project, version: ScorerVersion, tally: Tally) -> Iterator[Adjustment]:
    """One adjustment (not stored) for each settled video with a suggestion, by video."""
    answers: dict[int, list[tuple[int, Triple]]] = defaultdict(list)
    said = Suggestion.objects.filter(video__project=project, scorer_version=version, sample__lt=TRIES)
    for video, pk, *scores in said.order_by("video", "sample").values_list("video", "pk", *DIMENSION_KEYS):
        answers[video].append((pk, tuple(scores)))
    verdicts = Verdict.objects.filter(video__project=project).order_by("video")
    for video, *human in verdicts.values_list("video", *DIMENSION_KEYS):
        given = answers.get(video)
        if given is None:
            tally.without += 1
            continue
        judged = judge(human, [scores for _, scores in given])
        tally.outcomes[judged.outcome] += 1
        yield Adjustment(
            video_id=video,
            scorer_version=version,
            rule=RULE,
            outcome=judged.outcome,
            suggestion_id=given[judged.by][0],
            tries=judged.by + 1,
            **dict(zip(DIMENSION_KEYS, judged.scores, strict=True)),
            **{f"{key}_human": score for key, score in zip(DIMENSION_KEYS, human, strict=True)},
        )


def _is_same(there: Adjustment | None, made: Adjustment) -> bool:
    return there is not None and all(getattr(there, name) == getattr(made, name) for name in _COLUMNS)


_COLUMNS = ("outcome", "suggestion_id", "tries", *DIMENSION_KEYS, *(f"{key}_human" for key in DIMENSION_KEYS))


def _store(rows: list[Adjustment]) -> None:
    names = [name.removesuffix("_id") for name in _COLUMNS]
    Adjustment.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["video", "scorer_version", "rule"],
        update_fields=[*names, "made_at"],
    )


def _ask_once_more(version: ScorerVersion, video_pks: list[int], tries: int) -> int:
    """Queue the answer after the `tries` that are there; jobs queued."""
    videos: list[Video] = []
    for start in range(0, len(video_pks), CHUNK):
        videos += Video.objects.scorable().filter(pk__in=video_pks[start : start + CHUNK])
    return enqueue(version, videos, samples=tries + 1)
