"""I6: what workers are asked to do has a known state, is held by whoever works on it, and says why it failed."""

from collections.abc import Iterator

from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotation.models import MediaState, Suggestion, Video
from datasets_app.models import Import, ImportState, Release, ReleaseState, Trial, TrialState
from scoring.models import Evaluation, EvaluationState, Job, JobState

_ANSWERED = Suggestion.objects.filter(
    video=OuterRef("video"), scorer_version=OuterRef("scorer_version"), sample=OuterRef("sample")
)
_HELD = Q(lease__isnull=False, leased_until__isnull=False)
_FREE = Q(lease__isnull=True, leased_until__isnull=True)
_NO_REASON = "failed without a reason"
_UNKNOWN = "unknown state"
_NOT_HELD = "worked on without a lease"
_STILL_HELD = "a lease without work"

# For each table: its column of states, and conditions that no row may meet, in words.
STRAY: dict[type[models.Model], tuple[str, dict[str, Q]]] = {
    Job: (
        "state",
        {
            _UNKNOWN: ~Q(state__in=JobState.values),
            "leased without a lease": Q(state=JobState.LEASED) & ~_HELD,
            _STILL_HELD: ~Q(state=JobState.LEASED) & ~_FREE,
            _NO_REASON: Q(state=JobState.FAILED, reason=""),
            "done without a suggestion": Q(~Exists(_ANSWERED), state=JobState.DONE),
        },
    ),
    Video: (
        "media_state",
        {
            _UNKNOWN: ~Q(media_state__in=MediaState.values),
            _NO_REASON: Q(media_state=MediaState.FAILED, media_reason=""),
            _STILL_HELD: ~Q(media_state=MediaState.WAITING) & Q(media_lease__isnull=False),
        },
    ),
    Import: (
        "state",
        {
            _UNKNOWN: ~Q(state__in=ImportState.values),
            _NO_REASON: Q(state=ImportState.FAILED, reason=""),
            _STILL_HELD: ~Q(state=ImportState.WAITING) & ~_FREE,
        },
    ),
    Release: (
        "state",
        {
            _UNKNOWN: ~Q(state__in=ReleaseState.values),
            _NOT_HELD: Q(state=ReleaseState.BUILDING) & ~_HELD,
            _STILL_HELD: ~Q(state=ReleaseState.BUILDING) & ~_FREE,
            _NO_REASON: Q(state=ReleaseState.FAILED, reason=""),
        },
    ),
    Evaluation: (
        "state",
        {
            _UNKNOWN: ~Q(state__in=EvaluationState.values),
            _NOT_HELD: Q(state=EvaluationState.RUNNING) & ~_HELD,
            _STILL_HELD: ~Q(state=EvaluationState.RUNNING) & ~_FREE,
            _NO_REASON: Q(state=EvaluationState.FAILED, reason=""),
        },
    ),
    Trial: (
        "state",
        {
            _UNKNOWN: ~Q(state__in=TrialState.values),
            _NOT_HELD: Q(state=TrialState.RUNNING) & ~_HELD,
            _STILL_HELD: ~Q(state=TrialState.RUNNING) & ~_FREE,
            _NO_REASON: Q(state=TrialState.FAILED, reason=""),
            "done without an answer": Q(state=TrialState.DONE, answer__isnull=True),
        },
    ),
}


def stray_work() -> Iterator[str]:
    """Jobs, videos in preparation, imports, releases, evaluations and trials that break one of these."""
    for model, (state, conditions) in STRAY.items():
        for words, condition in conditions.items():
            rows = model._default_manager.filter(condition).order_by("pk").values_list("pk", state)
            for pk, found in rows:
                yield f"{model._meta.verbose_name} {pk} ({found}): {words}"
