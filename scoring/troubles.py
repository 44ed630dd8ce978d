"""What scorers could not do in a project: failed jobs by their reason, and answers that cannot be read."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from annotation.models import Project, ScorerVersion, Suggestion, Video
from annotation.models.suggestion import SuggestionStatus
from scoring.models import Job

LISTED = 50  # failed jobs, and unreadable answers
VIDEOS_LISTED = 5  # by name beside one reason


@dataclass(frozen=True)
class Failure:
    """Videos that one version failed on for one reason."""

    version: ScorerVersion
    reason: str
    videos: list[Video]  # the newest of them
    others: int  # videos that are not in the list


def failures_of(project: Project) -> list[Failure]:
    """The reasons of the newest failed jobs, newest first; two queries."""
    failed = Job.objects.of(project).failed()
    counted = failed.values_list("scorer_version", "reason").annotate(Count("video", distinct=True)).order_by()
    totals = {(version, reason): videos for version, reason, videos in counted}
    newest: dict[tuple[int, str], list[Job]] = {}
    for job in failed.select_related("video", "scorer_version__scorer").order_by("-finished_at", "-pk")[:LISTED]:
        newest.setdefault((job.scorer_version_id, job.reason), []).append(job)
    return [_failure(jobs, totals.get(key, 0)) for key, jobs in newest.items()]


def unreadable_of(project: Project) -> QuerySet[Suggestion]:
    """The newest answers that no scores could be read from."""
    unreadable = Suggestion.objects.filter(video__project=project, status=SuggestionStatus.UNREADABLE)
    return unreadable.select_related("video", "scorer_version__scorer").order_by("-created_at", "-pk")[:LISTED]


def _failure(jobs: list[Job], total: int) -> Failure:
    videos = list({job.video_id: job.video for job in jobs}.values())[:VIDEOS_LISTED]
    return Failure(jobs[0].scorer_version, jobs[0].reason, videos, others=max(total - len(videos), 0))
