"""How far the scorers of a project are: counted when asked, kept nowhere."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Now

from annotation.models import Project, ScorerVersion, Suggestion, Video
from scoring.models import Job, JobState
from scoring.registry import Entry, scorers
from scoring.versions import is_usable, usable_versions

RATE_WINDOW = timedelta(minutes=2)
FAILURES_SHOWN = 50
STATES = {"queued": JobState.QUEUED, "running": JobState.LEASED, "done": JobState.DONE, "failed": JobState.FAILED}


@dataclass(frozen=True)
class Progress:
    """A scorer version's jobs and suggestions in one project."""

    version: ScorerVersion
    current: bool  # the code answers with these settings now
    heuristic: bool
    suggestions: int
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    per_minute: float | None = None  # None while fewer than two ended lately
    stuck: bool = False  # jobs wait, none runs, and none was asked for or ended lately

    @property
    def open(self) -> int:
        return self.queued + self.running

    @property
    def ended(self) -> int:
        return self.done + self.failed

    @property
    def total(self) -> int:
        return self.open + self.ended

    @property
    def minutes_left(self) -> float | None:
        return self.open / self.per_minute if self.open and self.per_minute else None

    @property
    def time_left(self) -> str:
        """In the largest unit that says enough; empty when unknown."""
        minutes = self.minutes_left
        if minutes is None:
            return ""
        if minutes < 1:
            return "less than a minute"
        if minutes < 90:
            return f"{math.ceil(minutes)} min"
        return f"{minutes / 60:.1f} h"


@dataclass(frozen=True)
class Offer:
    """A scorer of the registry, and how many videos its current version was not asked about."""

    name: str
    entry: Entry
    videos: int


def progress_of(project: Project) -> list[Progress]:
    """One row a version that has jobs or suggestions here, newest version first; four queries."""
    jobs = _job_counts(project)
    suggestions = dict(
        Suggestion.objects.filter(video__project=project)
        .values_list("scorer_version")
        .annotate(Count("pk"))
        .order_by()
    )
    versions = ScorerVersion.objects.select_related("scorer").filter(pk__in=set(jobs) | set(suggestions))
    known = scorers()
    return [
        Progress(
            version=version,
            current=is_usable(version),
            heuristic=version.scorer.name in known and known[version.scorer.name].heuristic,
            suggestions=suggestions.get(version.pk, 0),
            **jobs.get(version.pk, {}),
        )
        for version in versions.order_by("-created_at", "-pk")
    ]


def offers(project: Project) -> list[Offer]:
    """Every scorer of the registry that could be started now."""
    return [
        Offer(name, known, unasked(project, version).count())
        for name, known in sorted(scorers().items())
        for version in usable_versions(name)[:1]
    ]


def unasked(project: Project, version: ScorerVersion) -> QuerySet[Video]:
    """Videos with a sound file that the version has no job for."""
    return project.videos.scorable().exclude(pk__in=version.jobs.values("video"))


def failures_of(project: Project) -> QuerySet[Job]:
    """The newest failed jobs, each with its reason."""
    failed = Job.objects.of(project).failed().select_related("video", "scorer_version__scorer")
    return failed.order_by("-finished_at", "-pk")[:FAILURES_SHOWN]


def _job_counts(project: Project) -> dict[int, dict[str, Any]]:
    """Counts by state and the recent rate, by version."""
    lately = Q(finished_at__gte=Now() - RATE_WINDOW)
    rows = (
        Job.objects.of(project)
        .values("scorer_version")
        .annotate(
            **{name: Count("pk", filter=Q(state=state)) for name, state in STATES.items()},
            recent=Count("pk", filter=lately),
            asked_lately=Count("pk", filter=Q(created_at__gte=Now() - RATE_WINDOW)),
            first=Min("finished_at", filter=lately),
            last=Max("finished_at", filter=lately),
        )
    )
    counts: dict[int, dict[str, Any]] = {}
    for row in rows:
        figures: dict[str, Any] = dict(row)
        recent, asked_lately = figures.pop("recent"), figures.pop("asked_lately")
        figures["per_minute"] = _per_minute(recent, figures.pop("first"), figures.pop("last"))
        figures["stuck"] = bool(figures["queued"] and not (figures["running"] or recent or asked_lately))
        counts[figures.pop("scorer_version")] = figures
    return counts


def _per_minute(jobs: int, first: datetime | None, last: datetime | None) -> float | None:
    """Jobs a minute between the first and the last end; None from fewer than two."""
    if jobs < 2 or first is None or last is None or last <= first:
        return None
    return 60 * (jobs - 1) / (last - first).total_seconds()
