"""Storing what a scorer answered: a batch in a few statements, and how far several samples lie apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import pstdev
from typing import Any

from annotation.models import Distribution, Suggestion
from annotation.review.cases import look_at
from annotation.scale import DIMENSION_KEYS
from scoring.models import Job
from scoring.protocol import Answer, Probabilities


def store(answers: Mapping[Job, Answer]) -> None:
    """The suggestions and their numbers, for jobs of one version. Whoever calls has locked the videos.

    A suggestion that is there already stays: raters may have been shown it. Videos that were rated before theirs
    came may wait for a reviewer now.
    """
    there = _siblings(list(answers))
    known = {(suggestion.video_id, suggestion.sample) for suggestion in there}
    new = {job: answer for job, answer in answers.items() if (job.video_id, job.sample) not in known}
    suggestions = Suggestion.objects.bulk_create([_suggestion(job, answer) for job, answer in new.items()])
    Distribution.objects.bulk_create(
        _distribution(suggestion, key, opinion.probabilities)
        for suggestion, answer in zip(suggestions, new.values(), strict=True)
        for key, opinion in answer.opinions.items()
        if opinion is not None and opinion.probabilities is not None
    )
    _store_spread([*there, *suggestions])
    look_at(job.video for job in new if job.sample == 0)


def _siblings(jobs: Sequence[Job]) -> list[Suggestion]:
    """All samples that are there of these jobs' videos and version, with their scores."""
    suggestions = Suggestion.objects.filter(
        video__in={job.video_id for job in jobs}, scorer_version__in={job.scorer_version_id for job in jobs}
    )
    return list(suggestions.only("video_id", "sample", *DIMENSION_KEYS))


def _store_spread(suggestions: Sequence[Suggestion]) -> None:
    """Write with each video's sample 0 the standard deviation of all its samples' scores, from two scores on."""
    if all(suggestion.sample == 0 for suggestion in suggestions):
        return
    scores: dict[tuple[int, str], list[int]] = defaultdict(list)
    for suggestion in suggestions:
        for key in DIMENSION_KEYS:
            if (score := getattr(suggestion, key)) is not None:
                scores[suggestion.video_id, key].append(score)
    first = {suggestion.pk: suggestion.video_id for suggestion in suggestions if suggestion.sample == 0}
    rows = list(Distribution.objects.filter(suggestion__in=first))
    for row in rows:
        of = scores[first[row.suggestion_id], row.dimension]
        row.spread = pstdev(of) if len(of) > 1 else None
    Distribution.objects.bulk_update(rows, ["spread"])


def _suggestion(job: Job, answer: Answer) -> Suggestion:
    scores: dict[str, Any] = {key: opinion and opinion.hard_score for key, opinion in answer.opinions.items()}
    return Suggestion(
        video_id=job.video_id,
        scorer_version_id=job.scorer_version_id,
        sample=job.sample,
        status=answer.status,
        raw_text=answer.raw_text.replace("\x00", ""),
        rationale=answer.rationale.replace("\x00", ""),
        saw=answer.saw and asdict(answer.saw),
        seconds=answer.seconds,
        **scores,
    )


def _distribution(suggestion: Suggestion, dimension: str, probabilities: Probabilities) -> Distribution:
    p1, p2, p3, p4, p5 = probabilities.of
    return Distribution(
        suggestion=suggestion,
        dimension=dimension,
        soft_score=probabilities.soft_score,
        expected_score=probabilities.expected_score,
        confidence=probabilities.confidence,
        p1=p1,
        p2=p2,
        p3=p3,
        p4=p4,
        p5=p5,
    )
