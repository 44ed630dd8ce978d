"""Requests to servers that speak OpenAI's protocol: named retries, bounded in time, spread over those that answer.

A server that fails rests for a while, longer each time, and its requests go to the others. What is tried again:
refused and broken connections, silence, half an answer, 429 (for as long as `Retry-After` says), 502, 503, 504.
urllib3 comes with transformers; unlike requests it asks no environment for proxies and follows no redirect here.
"""

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from scoring.protocol import ScorerUnavailable
from scoring.scorers.videoscore2.served.stream import Growing, Told

logger = logging.getLogger(__name__)

SECONDS = 400.0  # for one answer, all tries together; the worker's own limit is 540
CONNECT_SECONDS = 5.0
TRIES = 5
REST_SECONDS, LONGEST_REST = 1.0, 30.0  # the first rest, doubled each time
MOST_BYTES = 64 << 20  # of one answer; 1024 tokens with 20 alternatives each are about 2 MB
MOST_WORDS = 300  # characters of what a server says, in our sentences
EVENTS = "text/event-stream"
TRY_AGAIN = {429, 502, 503, 504}
MEND = {
    401: "set VIDEOSCORE2_SERVER_KEY to its key",
    403: "set VIDEOSCORE2_SERVER_KEY to a key that it lets in",
    404: "check VIDEOSCORE2_SERVERS (it ends in /v1) and VIDEOSCORE2_SERVED_MODEL",
}


class Refused(Exception):
    """A server will not answer this request; the sentence has its words. Lasting unless it broke down over it."""

    def __init__(self, sentence: str, *, permanent: bool) -> None:
        super().__init__(sentence)
        self.permanent = permanent


class NoServer(Exception):
    """No server answered this request in the tries and the time it had."""


class _Failed(Exception):
    """One try failed in a way that another may not."""

    def __init__(self, sentence: str, rest: float = 0.0) -> None:
        super().__init__(sentence)
        self.rest = rest  # seconds that the server asked for


@dataclass
class Server:
    """One server, and how it is doing; guarded by its client's lock."""

    address: str  # with /v1, without a slash at the end
    ready: bool = False  # checked, and may be asked
    busy: int = 0
    failures: int = 0  # in a row
    rests_until: float = 0.0

    @property
    def rests(self) -> bool:
        return time.monotonic() < self.rests_until


@dataclass
class Client:
    """The servers of this installation. Used by many threads at once."""

    addresses: Sequence[str]
    key: str
    at_once: int
    seconds: float = SECONDS
    servers: list[Server] = field(init=False)

    def __post_init__(self) -> None:
        self.servers = [Server(address.rstrip("/")) for address in self.addresses]
        for server in self.servers:
            if "@" in server.address:  # addresses stand on pages and in logs
                raise ScorerUnavailable(
                    "An address in VIDEOSCORE2_SERVERS holds a password: set VIDEOSCORE2_SERVER_KEY."
                )
            if not server.address.startswith(("http://", "https://")):
                raise ScorerUnavailable(f"VIDEOSCORE2_SERVERS holds {server.address!r}, which is no http address.")
        self._pool = urllib3.PoolManager(num_pools=len(self.servers), maxsize=self.at_once)
        self._lock = threading.Lock()

    def models(self, server: Server, stop: threading.Event, *, tries: int = TRIES) -> list[str]:
        """The names that a server answers to. Raises `NoServer`, `Refused` or `ScorerUnavailable`."""
        listed = self._persist("/models", None, stop, server=server, tries=tries)
        try:
            return [str(model["id"]) for model in listed["data"]]
        except (KeyError, TypeError):
            raise ScorerUnavailable(f"{server.address} does not speak OpenAI's protocol.") from None

    def complete(
        self,
        request: Mapping[str, Any],
        stop: threading.Event,
        *,
        server: Server | None = None,
        tries: int = TRIES,
        told: Told | None = None,
    ) -> dict[str, Any]:
        """The answer to a chat of this one server, or of any that is ready. Raises as `models` does.

        `told` gets the text as it grows, if the request asks for a stream.
        """
        body = json.dumps(request).encode()
        return self._persist("/chat/completions", body, stop, server=server, tries=tries, told=told)

    def _persist(
        self,
        path: str,
        body: bytes | None,
        stop: threading.Event,
        *,
        server: Server | None,
        tries: int,
        told: Told | None = None,
    ) -> dict[str, Any]:
        deadline = time.monotonic() + self.seconds
        failure = "no server is ready"
        for _ in range(tries):
            chosen = server or self._next()
            if chosen is None or not self._wait(chosen, deadline, stop):
                break
            try:
                with self._busy(chosen):
                    return self._once(chosen, path, body, deadline, told)
            except _Failed as failed:
                failure = f"{chosen.address}: {failed}"
                self._rest(chosen, failed)
        raise NoServer(failure)

    def _next(self) -> Server | None:
        """The least busy of those that do not rest; else the one that rests for the shortest time."""
        now = time.monotonic()
        with self._lock:
            ready = [server for server in self.servers if server.ready]
            return min(ready, key=lambda one: (max(one.rests_until, now), one.busy), default=None)

    def _wait(self, server: Server, deadline: float, stop: threading.Event) -> bool:
        """Until the server has rested; False where there is no time for it."""
        rest = server.rests_until - time.monotonic()
        return rest < deadline - time.monotonic() and not stop.wait(max(rest, 0.0))

    @contextmanager
    def _busy(self, server: Server) -> Iterator[None]:
        with self._lock:
            server.busy += 1
        try:
            yield
        finally:
            with self._lock:
                server.busy -= 1

    def _rest(self, server: Server, failed: _Failed) -> None:
        """Requests that fail together count once."""
        now = time.monotonic()
        with self._lock:
            if now >= server.rests_until:
                rest = max(failed.rest, REST_SECONDS * 2**server.failures)
                server.failures += 1
                server.rests_until = now + min(rest, LONGEST_REST)
                logger.warning("%s: %s; not asked for %.1f s", server.address, failed, min(rest, LONGEST_REST))

    def _once(
        self, server: Server, path: str, body: bytes | None, deadline: float, told: Told | None
    ) -> dict[str, Any]:
        growing = Growing(told) if told else None
        try:
            status, headers, sent = self._exchange(server, path, body, deadline, growing)
            _raise_for(server, status, headers, sent, self.key)
            streamed = headers.get("Content-Type", "").startswith(EVENTS)
            answer = growing.reply() if growing and streamed else json.loads(sent)
        except ValueError:
            raise _Failed("sent half an answer") from None
        if not isinstance(answer, dict):
            raise ScorerUnavailable(f"{server.address} does not speak OpenAI's protocol.")
        if answer.get("error"):
            words = _words(json.dumps(answer).encode(), self.key)
            raise Refused(f"the server broke off its answer: {words}", permanent=False)
        with self._lock:
            server.failures = 0
        return answer

    def _exchange(
        self, server: Server, path: str, body: bytes | None, deadline: float, growing: Growing | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of one request."""
        left = max(deadline - time.monotonic(), 0.1)
        try:
            response = self._pool.request(
                "POST" if body else "GET",
                server.address + path,
                body=body,
                headers=self._headers(),
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=left),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                return response.status, response.headers, _read(response, deadline, growing)
            finally:
                response.release_conn()
        except (ConnectTimeoutError, NewConnectionError):
            raise _Failed("cannot be reached") from None
        except ReadTimeoutError:
            raise _Failed(f"no answer within {self.seconds:.0f} s") from None
        except ProtocolError:
            raise _Failed("broke off the connection") from None
        except HTTPError as error:  # a certificate, an address that is none: nothing that time mends
            raise ScorerUnavailable(f"{server.address} cannot be asked: {type(error).__name__}.") from None

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return headers | ({"Authorization": f"Bearer {self.key}"} if self.key else {})


def _raise_for(server: Server, status: int, headers: Mapping[str, str], sent: bytes, key: str) -> None:
    """Raises what a status other than 200 means."""
    if status == 200:
        return
    words = _words(sent, key)
    if status in TRY_AGAIN:
        raise _Failed(f"answers {status}: {words}", _retry_after(headers))
    if status in MEND or 300 <= status < 400:
        mend = MEND.get(status, "check VIDEOSCORE2_SERVERS")
        raise ScorerUnavailable(f"{server.address} answers {status}: {mend}. {words}")
    raise Refused(f"the server answers {status}: {words}", permanent=status < 500)


def _read(response: urllib3.BaseHTTPResponse, deadline: float, growing: Growing | None) -> bytes:
    """The whole body; a server that sends drop by drop is cut off as well as a silent one."""
    parts: list[bytes] = []
    size = 0
    streamed = growing is not None and response.headers.get("Content-Type", "").startswith(EVENTS)
    for part in response.stream(1 << 16):
        parts.append(part)
        if growing and streamed:
            growing.take(part)
        size += len(part)
        if time.monotonic() > deadline:
            response.close()
            raise _Failed("did not finish its answer in time")
        if size > MOST_BYTES:
            response.close()
            raise Refused(f"the server's answer is larger than {MOST_BYTES >> 20} MB", permanent=True)
    return b"".join(parts)


def _words(sent: bytes, key: str) -> str:
    """What a server says about an error, cut short and without our key."""
    text = sent[: 4 * MOST_WORDS].decode("utf-8", "replace")
    try:
        said = json.loads(sent)
        text = str((said.get("error") or said).get("message") or text)
    except (ValueError, AttributeError):
        pass
    text = " ".join((text.replace(key, "...") if key else text).split())
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 3] + "..."


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; a date, which no such server sends, counts as nothing."""
    try:
        return float(headers.get("Retry-After", 0))
    except ValueError:
        return 0.0
