"""What scorers could not do in a project: failed jobs by their reason, and answers that cannot be read."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Window
from django.db.models.functions import RowNumber

from annotation.models import Project, ScorerVersion, Suggestion, Video
from annotation.models.suggestion import SuggestionStatus
from scoring.models import Job

LISTED = 50  # reasons, and unreadable answers
VIDEOS_LISTED = 5  # by name beside one reason
JOBS_LOOKED_AT = 25  # of one reason, to find those videos: a video may fail in each of its samples


@dataclass(frozen=True)
class Failure:
    """Videos that one version failed on for one reason."""

    version: ScorerVersion
    reason: str
    videos: list[Video]  # the newest of them
    others: int  # videos that are not in the list


@dataclass(frozen=True)
class Failures:
    """Reasons of failed jobs, those that were met last first; `reasons` counts those not listed, too."""

    listed: list[Failure]
    reasons: int


@dataclass(frozen=True)
class Unreadable:
    """The newest answers that no scores could be read from; `answers` counts those not listed, too."""

    listed: list[Suggestion]
    answers: int


def failures_of(project: Project) -> Failures:
    """Failed jobs by version and reason; two queries."""
    failed = Job.objects.of(project).failed()
    counted = failed.values("scorer_version", "reason").annotate(
        videos=Count("video", distinct=True), met_at=Max("finished_at")
    )
    groups: list[Any] = list(counted.order_by(F("met_at").desc(nulls_last=True), "reason"))
    nth = Window(
        RowNumber(),
        partition_by=[F("scorer_version"), F("reason")],
        order_by=[F("finished_at").desc(nulls_last=True), F("pk").desc()],
    )
    newest = failed.filter(reason__in=[group["reason"] for group in groups[:LISTED]]).annotate(nth=nth)
    newest = newest.filter(nth__lte=JOBS_LOOKED_AT).select_related("video", "scorer_version__scorer")
    jobs: dict[tuple[int, str], list[Job]] = {}
    for job in newest.order_by("nth"):
        jobs.setdefault((job.scorer_version_id, job.reason), []).append(job)
    keys = [((group["scorer_version"], group["reason"]), group["videos"]) for group in groups[:LISTED]]
    return Failures([_failure(jobs[key], videos) for key, videos in keys if key in jobs], reasons=len(groups))


def unreadable_of(project: Project, answers: int) -> Unreadable:
    """The newest of so many unreadable answers; one query."""
    unreadable = Suggestion.objects.filter(video__project=project, status=SuggestionStatus.UNREADABLE)
    newest = unreadable.select_related("video", "scorer_version__scorer").order_by("-created_at", "-pk")[:LISTED]
    return Unreadable(list(newest), answers)


def _failure(jobs: list[Job], total: int) -> Failure:
    videos = list({job.video_id: job.video for job in jobs}.values())[:VIDEOS_LISTED]
    return Failure(jobs[0].scorer_version, jobs[0].reason, videos, others=max(total - len(videos), 0))
