"""Logs as one JSON object a line, with what asked for it (a request, or a task), and without secrets.

Nothing that a person wrote can begin a line of its own: line breaks, and all but ASCII, are escaped.
"""

import json
import logging
import re
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celery import current_task

if TYPE_CHECKING:
    from django.http import HttpRequest

# What may begin at each word comes to an end: long texts of strangers are not read once for each of their words.
_NAMES = (
    r"[\w-]{0,80}(?:password|passwd|secret(?:[_-]?key)?|token|api[_-]?key|access[_-]?key)|sessionid|signature"
    r"|authorization|(?:set-)?cookie|x-amz-[a-z-]{1,40}"
)
SECRETS = [
    (re.compile(r"(/[^\s/?#\"']*)\?[^\s\"'=]{0,1000}=[^\s\"']*"), r"\1?***"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@]*:)[^\s/]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 ***"),
    (re.compile(rf"\b({_NAMES})([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&,;]+)", re.IGNORECASE), r"\1\2***"),
]


@dataclass(frozen=True)
class Asked:
    """The request that this process works on, under the name that its answer carries."""

    request: "HttpRequest"
    number: str

    @property
    def route(self) -> str:
        """The name of its address; empty where it has none."""
        match = getattr(self.request, "resolver_match", None)
        return (match.view_name or "") if match else ""

    @property
    def user(self) -> int | None:
        """Whose it is, as far as that has been looked up: a log line asks the database nothing."""
        return getattr(getattr(self.request, "_cached_user", None), "pk", None)


ASKED: ContextVar[Asked | None] = ContextVar("asked", default=None)


class JsonLines(logging.Formatter):
    """A record as one line: time, level, logger, message; request, user, route, or task and its id; `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": hide_secrets(_without_path(record)),
        }
        line |= _who_asked() | getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = hide_secrets(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def hide_secrets(text: str) -> str:
    """The text with `***` for passwords in addresses, query strings, and values of names that tell secrets."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


def _without_path(record: logging.LogRecord) -> str:
    """Its message. Where Django names a path, which may hold an invitation's key, the pattern stands for it."""
    message = record.getMessage()
    request = getattr(record, "request", None)
    path = getattr(request, "path", "/")
    if len(path) < 2:
        return message
    match = getattr(request, "resolver_match", None)
    return message.replace(path, f"/{match.route}" if match else "(no such address)")


def _who_asked() -> dict[str, Any]:
    if asked := ASKED.get():
        return {"request": asked.number, "user": asked.user, "route": asked.route}
    task = current_task
    if task and task.request.id:
        return {"task": task.name, "task_id": task.request.id}
    return {}


def logging_settings(*, as_json: bool, level: str) -> dict[str, Any]:
    """For `logging.config`: one handler for all."""
    handler = {"handlers": ["console"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}, "plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "json" if as_json else "plain"},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "screening_room.requests": {"level": "INFO" if as_json else "WARNING"},
            "django.request": {"level": "ERROR" if as_json else "WARNING"},
            "environ": {"level": "WARNING"},
        }
        # Celery and gunicorn leave alone what has a handler.
        | (dict.fromkeys(("celery.task", "multiprocessing", "gunicorn.error"), handler) if as_json else {}),
    }
