"""`/readyz`: whether this server can do its work. `/livez`, in the core, says only that the process answers."""

import logging
from functools import cache

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)

BROKER_SECONDS = 0.5


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with one word for what is missing; a broker that is away is no reason, pages work without it."""
    try:
        missing = "" if _migrated() else "migrations"
    except Error:
        logger.exception("not ready")
        missing = "database"
    if missing:
        return HttpResponse(f"not ready: {missing}\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n" if _broker_answers() else "ok, without broker\n", content_type="text/plain")


def _migrated() -> bool:
    """Whether the database has every migration that this code brings. Two small queries."""
    return _of_this_code() <= MigrationRecorder(connection).applied_migrations().keys()


@cache
def _of_this_code() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _broker_answers() -> bool:
    broker = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
    )
    try:
        return bool(broker.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        broker.close()
