"""How far the scorers of a project are: counted when asked, kept nowhere."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotation.models import Project, ScorerVersion, Suggestion
from annotation.models.suggestion import SuggestionStatus
from scoring.models import Heartbeat, Job, JobState
from scoring.registry import queue_of, scorers
from scoring.versions import is_usable

RATE_WINDOW = timedelta(minutes=10)  # long enough for two batches of a slow model
LATE_AFTER = timedelta(seconds=30)  # at the earliest: quick batches vary
QUIET_FOR = timedelta(minutes=2)  # a doorbell that nobody heard for so long is worth a word
STATES = {"queued": JobState.QUEUED, "running": JobState.LEASED, "done": JobState.DONE, "failed": JobState.FAILED}


@dataclass(frozen=True)
class Progress:
    """A scorer version's jobs, suggestions and workers in one project."""

    version: ScorerVersion
    usable: bool  # the code still answers with these settings
    heuristic: bool
    superseded: bool  # a newer version of the same scorer has suggestions here
    shown: bool  # raters may see its suggestions
    suggestions: int = 0
    unreadable: int = 0  # of the suggestions
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    per_minute: float | None = None  # None while fewer than two batches ended lately
    late_since: datetime | None = None  # nothing ended since, and by the rate something should have
    quiet: bool = False  # none was asked for or ended lately
    workers: list[Heartbeat] = field(default_factory=list)  # alive, wherever their jobs are from

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
    def folded(self) -> bool:
        """Superseded, and nobody waits for it or is shown it."""
        return self.superseded and not self.open and not self.shown

    @property
    def stalled(self) -> bool:
        """Jobs are open, none ended lately, and no process that could answer them is alive."""
        return bool(self.open) and self.quiet and not self.workers

    @property
    def troubled(self) -> int:
        """Workers that cannot work, while jobs wait for them."""
        return sum(bool(worker.trouble) for worker in self.workers) if self.open else 0

    @property
    def queue(self) -> str:
        """The queue that its workers listen to."""
        return queue_of(self.version.scorer.name)

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
            return _("less than a minute")
        if minutes < 90:
            return _("%(n)d min") % {"n": math.ceil(minutes)}
        return _("%(n)s h") % {"n": number_format(minutes / 60, 1)}


def progress_of(project: Project) -> list[Progress]:
    """One row a version that has jobs or suggestions here, newest version first; four queries."""
    jobs, suggestions = _job_counts(project), _suggestion_counts(project)
    versions = ScorerVersion.objects.select_related("scorer").filter(pk__in=set(jobs) | set(suggestions))
    workers: dict[int, list[Heartbeat]] = {}
    for worker in Heartbeat.objects.alive().order_by("worker"):
        workers.setdefault(worker.scorer_version_id, []).append(worker)
    known = scorers()
    rows: list[Progress] = []
    answered: set[int] = set()  # scorers of which a newer version has suggestions
    for version in versions.order_by("-created_at", "-pk"):
        row = Progress(
            version=version,
            usable=is_usable(version),
            heuristic=version.scorer.name in known and known[version.scorer.name].heuristic,
            superseded=version.scorer_id in answered,
            shown=version.pk == project.suggester_id,
            workers=workers.get(version.pk, []),
            **jobs.get(version.pk, {}),
            **suggestions.get(version.pk, {}),
        )
        rows.append(row)
        if row.suggestions:
            answered.add(version.scorer_id)
    return rows


def _suggestion_counts(project: Project) -> dict[int, dict[str, Any]]:
    """Suggestions and unreadable ones among them, by version."""
    unreadable = Q(status=SuggestionStatus.UNREADABLE)
    rows = (
        Suggestion.objects.filter(video__project=project)
        .values("scorer_version")
        .annotate(suggestions=Count("pk"), unreadable=Count("pk", filter=unreadable))
        .order_by()
    )
    counts: dict[int, dict[str, Any]] = {}
    for row in rows:
        figures: dict[str, Any] = dict(row)
        counts[figures.pop("scorer_version")] = figures
    return counts


def _job_counts(project: Project) -> dict[int, dict[str, Any]]:
    """Counts by state and the recent rate, by version."""
    lately = Q(finished_at__gte=Now() - RATE_WINDOW)
    a_moment_ago = Now() - QUIET_FOR
    rows = (
        Job.objects.of(project)
        .values("scorer_version")
        .annotate(
            **{name: Count("pk", filter=Q(state=state)) for name, state in STATES.items()},
            recent=Count("pk", filter=lately),
            moments=Count("finished_at", filter=lately, distinct=True),
            asked=Max("created_at", filter=Q(state__in=[JobState.QUEUED, JobState.LEASED])),
            moved=Count("pk", filter=Q(created_at__gte=a_moment_ago) | Q(finished_at__gte=a_moment_ago)),
            first=Min("finished_at", filter=lately),
            last=Max("finished_at", filter=lately),
        )
    )
    counts: dict[int, dict[str, Any]] = {}
    for row in rows:
        figures: dict[str, Any] = dict(row)
        span = (figures.pop("first"), figures.pop("last"), figures.pop("asked"))
        figures["per_minute"], figures["late_since"] = _pace(figures.pop("recent"), figures.pop("moments"), *span)
        figures["quiet"] = not figures.pop("moved")
        counts[figures.pop("scorer_version")] = figures
    return counts


def _pace(
    jobs: int, moments: int, first: datetime | None, last: datetime | None, asked: datetime | None
) -> tuple[float | None, datetime | None]:
    """Jobs a minute since the first end, and since when the next end is overdue; nothing from fewer than two.

    A batch ends at one moment: the first moment's jobs were made before the time that is measured. The time since
    the last one, or since more was asked, counts once a batch took less so far: the rate falls without a worker.
    """
    if moments < 2 or first is None or last is None:
        return None, None
    usual = (last - first) / (moments - 1)
    since = max(last, asked or last)
    waited = timezone.now() - since
    measured = last - first + max(waited - usual, timedelta())
    late = waited > max(2 * usual, LATE_AFTER)
    return 60 * jobs * (moments - 1) / moments / measured.total_seconds(), since if late else None
