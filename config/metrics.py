"""`/metrics` for Prometheus: requests as gunicorn's processes counted them, work as the database has it now."""

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from config.metrics_of_work import Work

REQUEST_SECONDS = Histogram(
    "screening_room_request_seconds",
    "Time until an answer began, by the name of the address and the status",
    ["route", "status"],
    buckets=(0.01, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def count_request(route: str, status: int, seconds: float) -> None:
    """Put one request into the histogram; an address that there is not is counted as `none`."""
    REQUEST_SECONDS.labels(route or "none", str(status)).observe(seconds)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures, for whoever sends METRICS_TOKEN as bearer; without that setting there is no such address."""
    if not settings.METRICS_TOKEN:
        raise Http404
    sent = request.headers.get("Authorization", "")
    if not constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("a bearer token is needed\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(_all_figures()), content_type=CONTENT_TYPE_LATEST)


def _all_figures() -> CollectorRegistry:
    """What all processes of this server counted, in the folder that config/gunicorn.py makes; and the work."""
    figures = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(figures)
    else:  # one process
        figures.register(REQUEST_SECONDS)
    figures.register(Work())
    return figures
