"""What waits, runs and is done, counted in the database when Prometheus asks: no process keeps a figure of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from annotation.models import MediaState, Rating, Seat, Video
from datasets_app.models import Import, ImportState, Release, ReleaseState, WorkerSeen
from scoring.models import Heartbeat, Job, JobState

REMEMBERED = timedelta(days=1)  # a worker that was silent for longer is not named


class Work(Collector):
    """About ten queries a time."""

    def collect(self) -> Iterator[Metric]:
        yield from (_jobs(), _oldest_queued(), _workers_alive(), _workers_seen())
        yield from (_media_workers(), _videos(), _oldest_video(), _imports(), _releases(), _seats(), _ratings())


def _gauge(name: str, says: str, labels: tuple[str, ...] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"screening_room_{name}", says, labels=labels)


def _jobs() -> Metric:
    gauge = _gauge("jobs", "Scoring jobs by scorer and state", ("scorer", "state"))
    counted: dict[str, dict[str, int]] = {}
    rows = Job.objects.values_list("scorer_version__scorer__name", "state").annotate(n=Count("pk")).order_by()
    for scorer, state, count in rows:
        counted.setdefault(scorer, {})[state] = count
    for scorer, states in sorted(counted.items()):
        for state in JobState.values:
            gauge.add_metric([scorer, state], states.get(state, 0))
    return gauge


def _oldest_queued() -> Metric:
    gauge = _gauge("oldest_queued_job_seconds", "How long the oldest queued job has waited", ("scorer",))
    rows = Job.objects.queued().values_list("scorer_version__scorer__name").annotate(since=Min("created_at"))
    for scorer, since in rows.order_by("scorer_version__scorer__name"):
        gauge.add_metric([scorer], _seconds_since(since))
    return gauge


def _workers_alive() -> Metric:
    gauge = _gauge("workers", "Scoring processes seen within two leases, able to work or not", ("scorer", "state"))
    for state, rows in (("alive", Heartbeat.objects.alive()), ("troubled", Heartbeat.objects.troubled())):
        for scorer, count in rows.values_list("scorer_version__scorer__name").annotate(n=Count("pk")).order_by():
            gauge.add_metric([scorer, state], count)
    return gauge


def _workers_seen() -> Metric:
    gauge = _gauge("worker_silent_seconds", "Since a scoring process was last seen", ("worker", "scorer"))
    rows = Heartbeat.objects.filter(seen_at__gt=Now() - REMEMBERED).order_by("worker")
    for worker, scorer, seen in rows.values_list("worker", "scorer_version__scorer__name", "seen_at"):
        gauge.add_metric([worker, scorer], _seconds_since(seen))
    return gauge


def _media_workers() -> Metric:
    gauge = _gauge("media_workers", "Workers of the queue media seen within two minutes")
    gauge.add_metric([], WorkerSeen.objects.lately().count())
    return gauge


def _videos() -> Metric:
    counted = dict(Video.objects.values_list("media_state").annotate(n=Count("pk")).order_by())
    return _by_state("videos", "Videos by state of their files", MediaState.values, counted)


def _oldest_video() -> Metric:
    gauge = _gauge("oldest_waiting_video_seconds", "How long the oldest video waits for the media worker")
    since = Video.objects.filter(media_state=MediaState.WAITING).aggregate(since=Min("created_at"))["since"]
    gauge.add_metric([], _seconds_since(since) if since else 0)
    return gauge


def _imports() -> Metric:
    counted = dict(Import.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return _by_state("imports", "Imports by state", ImportState.values, counted)


def _releases() -> Metric:
    counted = dict(Release.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return _by_state("releases", "Releases by state", ReleaseState.values, counted)


def _seats() -> Metric:
    gauge = _gauge("seats_leased", "Videos that raters hold now")
    gauge.add_metric([], Seat.objects.filter(holder__isnull=False, leased_until__gt=Now()).count())
    return gauge


def _ratings() -> Metric:
    gauge = _gauge("ratings", "Live ratings, of all purposes")
    gauge.add_metric([], Rating.objects.live().count())
    return gauge


def _by_state(name: str, says: str, states: list[str], counted: dict[str, int]) -> Metric:
    gauge = _gauge(name, says, ("state",))
    for state in states:
        gauge.add_metric([state], counted.get(state, 0))
    return gauge


def _seconds_since(then: datetime) -> float:
    return max(0.0, (timezone.now() - then).total_seconds())
