"""Raters over plain HTTP who do as the room's page does: what was not answered is sent again with the same key."""

import http.client
import json
import random
import re
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from annotation.models import Project, User
from annotation.scale import DIMENSION_KEYS
from tests.make import make_member

CSRF = "c" * 32
WAIT_SECONDS = 30.0  # for an answer


def cookies_of(user: User) -> str:
    """A session of this person's, as the login page would give it."""
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"


def ask(
    port: int, method: str, path: str, fields: dict[str, Any] | None = None, cookies: str = ""
) -> tuple[int, str]:
    """Status and body; `OSError` when the connection breaks off before the whole answer is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    headers = {"Accept": "application/json", "Cookie": cookies, "X-CSRFToken": CSRF}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, path, urlencode(fields) if fields else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except http.client.HTTPException as error:
        raise OSError(error) from error
    finally:
        connection.close()


class Rater(threading.Thread):
    """Leases, saves drafts and submits until nothing is left. `patient` ones also wait through server errors.

    What is acknowledged is kept in `acknowledged`: the number and key that were answered, with what was sent.
    """

    def __init__(self, port: int, project: Project, number: int, *, patient: bool = False) -> None:
        super().__init__(daemon=True)  # whoever ends the drill does not wait for it
        self.port, self.slug, self.number, self.patient = port, project.slug, number, patient
        self.user = make_member(project)
        self.cookies = cookies_of(self.user)
        self.acknowledged: list[dict[str, Any]] = []
        self.seconds: list[float] = []  # that a submit took, from the first try to its answer
        self.broken_off = self.server_errors = 0
        self.error: Exception | None = None
        self.pause: Callable[[], float] = lambda: 0.0  # seconds between two videos

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> tuple[int, str]:
        while True:
            try:
                status, body = ask(self.port, method, path, fields, self.cookies)
            except OSError:
                self.broken_off += 1
            else:
                if not (self.patient and status >= HTTPStatus.INTERNAL_SERVER_ERROR):
                    return status, body
                self.server_errors += 1
            time.sleep(0.05)

    def run(self) -> None:
        try:
            while self.rate_one():
                time.sleep(self.pause())
        except Exception as error:
            self.error = error

    def rate_one(self) -> bool:
        status, page = self.ask("GET", reverse("rate-next", args=[self.slug]))
        if status == HTTPStatus.NO_CONTENT:
            return False
        assert status == HTTPStatus.OK, (status, page)
        video, key, revision = read_page(page)
        said: dict[str, Any] = {name: random.randint(1, 5) for name in DIMENSION_KEYS}
        said |= {f"{name}_reason": f"{self.number} saw {video} move at {name}" for name in DIMENSION_KEYS}
        sent = said | {"submit_key": key, "rater": self.user.pk, "warned": "on"}
        address = reverse("rate-draft", args=[self.slug, video])
        status, answer = self.ask("POST", address, sent | {"revision": revision})
        assert status == HTTPStatus.OK, (status, answer)
        sent["revision"] = json.loads(answer)["revision"]
        started = time.monotonic()
        status, answer = self.ask("POST", reverse("rate-submit", args=[self.slug, video]), sent)
        assert status == HTTPStatus.OK, (status, answer)
        self.seconds.append(time.monotonic() - started)
        rating = json.loads(answer)["rating"]
        self.acknowledged.append({"rating": rating, "submit_key": key, "rater": self.user.pk} | said)
        return True


def read_page(page: str) -> tuple[str, str, int]:
    """Video, key of the submit, and the draft's revision."""
    found = [
        re.search(pattern, page)
        for pattern in (
            r'data-video="([^"]+)',
            r'name="submit_key" value="([^"]+)',
            r'name="revision" value="(\d+)',
        )
    ]
    video, key, revision = [match[1] for match in found if match]
    return video, key, int(revision)


def write_acks(raters: list[Rater], log: Path) -> int:
    """The log that `verify_invariants --acks` reads; how many it holds. Raises where a rater met with an error."""
    assert not [rater.error for rater in raters if rater.error], [rater.error for rater in raters]
    acks = [ack for rater in raters for ack in rater.acknowledged]
    assert len(acks) == len({ack["rating"] for ack in acks}), "one rating was acknowledged twice"
    log.write_text("".join(json.dumps(ack) + "\n" for ack in acks))
    return len(acks)
