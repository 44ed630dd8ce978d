"""What every request leaves behind: a number on its answer, a line in the log, and a place in the metrics."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.json_logs import ASKED, Asked
from config.metrics import count_request

logger = logging.getLogger("screening_room.requests")

QUIET = {"livez", "readyz", "metrics"}  # asked every few seconds: a line only where something is wrong
NUMBER = re.compile(r"[0-9a-f]{32}")


class WatchRequests:
    """Middleware, the outermost. The time is until the answer begins; a streamed file goes on after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        asked = Asked(request, _number(request))
        token = ASKED.set(asked)
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - begun
            response["X-Request-ID"] = asked.number
            if settings.METRICS_TOKEN:
                count_request(asked.route, response.status_code, seconds)
            if asked.route not in QUIET or response.status_code != 200:
                _write_line(request, response.status_code, seconds)
            return response
        finally:
            ASKED.reset(token)


def _number(request: HttpRequest) -> str:
    """The proxy's own, where it sent one of the right form: a line of its log is then found in ours."""
    sent = request.headers.get("X-Request-ID", "")
    return sent if NUMBER.fullmatch(sent) else uuid.uuid4().hex


def _write_line(request: HttpRequest, status: int, seconds: float) -> None:
    if logger.isEnabledFor(logging.INFO):
        fields = {
            "method": (request.method or "")[:10],
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        logger.info("request", extra={"fields": fields})
