"""Raters as their browsers act, cheap enough to share a machine with the server: plain HTTP over asyncio."""

import asyncio
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from annotation.scale import DIMENSION_KEYS

FORM = "application/x-www-form-urlencoded"
ARTICLE = {
    "video": re.compile(r'data-video="([^"]+)"'),
    "open": re.compile(r'data-open-url="([^"]+)"'),
    "draft": re.compile(r'data-draft-url="([^"]+)"'),
    "submit": re.compile(r'action="([^"]+/submit/)"'),
    "revision": re.compile(r'name="revision" value="(\d+)"'),
    "submit_key": re.compile(r'name="submit_key" value="([^"]+)"'),
}
PICTURES = re.compile(r'(?:src|poster)="(/media/[^"]+)"')  # the clip, its poster and its strip
RANGE_BYTES = 262_144  # of a file at once
THINGS = ["cup", "left hand", "plate", "shadow", "window frame", "steam", "spoon", "table edge", "sleeve", "lamp"]
POOR = ["melts into the one beside it", "flickers and is gone", "bends without being touched", "loses its outline"]
FAIR = ["is soft for a few frames", "moves a little late", "is there, though half hidden", "drifts a little"]
GOOD = ["keeps its shape throughout", "moves as it should", "is sharp and steady", "follows the light well"]
PLACES = ["at the rim", "near the left border", "in the background", "while the camera turns", "at the very end"]


@dataclass
class Log:
    """What a run saw: milliseconds by step, acknowledged ratings with their scores, errors in words."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    steady: dict[str, list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )  # of them, once all are at work
    steady_from: float = 0.0  # on the monotonic clock
    acknowledged: dict[int, dict[str, int]] = field(default_factory=dict)
    videos: set[tuple[int, str]] = field(default_factory=set)  # (rater's number, video) that was submitted
    errors: list[str] = field(default_factory=list)
    warned: int = 0
    server_errors: int = 0  # answers of 500 and above
    acks: list[dict[str, Any]] = field(default_factory=list)  # lines of a log for `verify_invariants --acks`
    clip_bytes: int = 0

    @property
    def rated(self) -> int:
        """Videos that were rated; a revised rating is no second one."""
        return len(self.videos)


class Connection:
    """One browser's kept connection. `send` reconnects where the server closed it in between."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session, self.csrf = port, session, ""
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(
        self, path: str, fields: dict[str, Any] | None = None, accept: str = "text/html"
    ) -> tuple[int, str]:
        """GET, or POST where there are fields; the status and the body."""
        status, body = await self._send(path, fields, accept)
        return status, body.decode()

    async def fetch(self, path: str, first: int, last: int) -> tuple[int, int]:
        """These bytes of a file, both ends included; the status and how many bytes came."""
        status, body = await self._send(path, None, "*/*", f"Range: bytes={first}-{last}")
        return status, len(body)

    async def _send(self, path: str, fields: dict[str, Any] | None, accept: str, *more: str) -> tuple[int, bytes]:
        head = [
            f"{'GET' if fields is None else 'POST'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}",
            f"Accept: {accept}",
            f"Cookie: sessionid={self.session}; csrftoken={self.csrf}",
            *more,
        ]
        body = "" if fields is None else urlencode(fields)
        if fields is not None:
            head += [f"X-CSRFToken: {self.csrf}", f"Content-Type: {FORM}", f"Content-Length: {len(body)}"]
        request = ("\r\n".join(head) + "\r\n\r\n" + body).encode()
        kept = self.writer is not None
        try:
            return await self._exchange(request)
        except (ConnectionError, asyncio.IncompleteReadError):
            if not kept:
                raise
        self.close()  # a kept connection may end just as it is used again
        return await self._exchange(request)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        if token := re.search(r"set-cookie:\s*csrftoken=([^;]+)", head, re.IGNORECASE):
            self.csrf = token[1]
        if re.search(r"connection: close", head, re.IGNORECASE):
            self.close()
        return int(head[9:12]), body


QUIET_SECONDS = 2  # after which the room saves a draft


@dataclass
class Rater:
    """Plays one rater: opens a video, which leases the next one, and submits. `think` in seconds.

    Who thinks lets the keys rest long enough for a draft to be saved on the way, `saves` times. Who `watches`
    loads the clip and its poster by ranges.
    """

    number: int
    slug: str
    connection: Connection
    log: Log
    think: float = 0.0
    saves: int = 1
    watches: bool = False

    def __post_init__(self) -> None:
        self.random = random.Random(self.number)

    async def work(self, until: float) -> None:
        """Rate until then (on the monotonic clock), or until nothing is left."""
        try:
            await asyncio.sleep(self.random.uniform(0, self.think))
            status, page = await self._timed("page", f"/p/{self.slug}/rate/")
            article = read_article(page) if status == 200 else None
            while article and time.monotonic() < until:
                article = await self._rate(article)
        except (ConnectionError, asyncio.IncompleteReadError, RuntimeError) as error:
            self.log.errors.append(f"rater {self.number}: {error!r}")
        finally:
            self.connection.close()

    async def _rate(self, article: dict[str, str]) -> dict[str, str] | None:
        """One video from its first frame to the acknowledged submit; the next one's article."""
        _, opened = await self._timed("next", article["open"], {"ahead": "on"})
        upcoming = json.loads(opened)["next"]
        if self.watches:
            await self._watch(article["pictures"].split())
        scores = {key: self.random.randint(2, 5) for key in DIMENSION_KEYS}
        fields = scores | {f"{key}_reason": self._reason(score) for key, score in scores.items()}
        fields["revision"] = article["revision"]
        for _ in range(self.saves):
            await asyncio.sleep(self.think / self.saves * self.random.uniform(0.8, 1.2))
            if self.think > QUIET_SECONDS:
                written_on = {"submit_key": article["submit_key"]}
                _, saved = await self._timed("draft", article["draft"], fields | written_on)
                fields["revision"] = json.loads(saved)["revision"]
        reply = await self._submit(article, fields, scores)
        self.log.videos.add((self.number, article["video"]))
        if "screening" in reply:
            await self._answer_reveal(read_article(reply["screening"]), fields, scores)
        return read_article(upcoming) if upcoming else None

    async def _watch(self, pictures: list[str]) -> None:
        """Load each file from its beginning to its end, a range at a time, as a player does."""
        for path in pictures:
            first = 0
            while True:
                start = time.perf_counter()
                status, length = await self.connection.fetch(path, first, first + RANGE_BYTES - 1)
                self._note("clip", start)
                self._expect("clip", status, "", (206, 416))
                self.log.clip_bytes += length if status == 206 else 0
                first += length
                if status == 416 or length < RANGE_BYTES:
                    break

    async def _answer_reveal(
        self, article: dict[str, str], fields: dict[str, Any], scores: dict[str, int]
    ) -> None:
        """The model's view is on the screen: one score changes, with its reason."""
        await self._timed("open", article["open"], {})
        key = DIMENSION_KEYS[self.random.randrange(3)]
        changed = scores | {key: scores[key] - 1}
        why = {"change_reason": f"I had missed that the {self.random.choice(THINGS)} moves there."}
        await self._submit(article, fields | changed | why | {"revision": article["revision"]}, changed)

    async def _submit(
        self, article: dict[str, str], fields: dict[str, Any], scores: dict[str, int]
    ) -> dict[str, Any]:
        fields = fields | {"submit_key": article["submit_key"]}
        status, body = await self._timed("submit", article["submit"], fields, expected=(200, 422))
        if status == 422 and "warnings" in body:
            self.log.warned += 1
            status, body = await self._timed("submit", article["submit"], fields | {"warned": "on"})
        if status != 200:
            raise RuntimeError(f"submit answered {status}: {body[:200]}")
        reply = json.loads(body)
        self.log.acknowledged[reply["rating"]] = scores
        said = {key: value for key, value in fields.items() if key not in ("revision", "warned")}
        self.log.acks.append({"rating": reply["rating"]} | said)
        return reply

    async def _timed(
        self,
        step: str,
        path: str,
        fields: dict[str, Any] | None = None,
        expected: Iterable[int] = (200, 204),
    ) -> tuple[int, str]:
        start = time.perf_counter()
        accept = "text/html" if fields is None else "application/json"
        status, body = await self.connection.send(path, fields, accept)
        self._note(step, start)
        self._expect(step, status, body, expected)
        return status, body

    def _note(self, step: str, start: float) -> None:
        taken = (time.perf_counter() - start) * 1000
        self.log.times[step].append(taken)
        if time.monotonic() - taken / 1000 >= self.log.steady_from:
            self.log.steady[step].append(taken)

    def _expect(self, step: str, status: int, body: str, expected: Iterable[int]) -> None:
        self.log.server_errors += status >= 500
        if status not in expected:
            raise RuntimeError(f"{step} answered {status}: {body[:200]}")

    def _reason(self, score: int) -> str:
        """Words that fit the score and that nobody has written before."""
        says = self.random.choice(POOR if score <= 2 else FAIR if score == 3 else GOOD)
        frame = self.random.randrange(96)
        where = f"{self.random.choice(PLACES)} [{frame / 24:.2f}s f{frame}]"
        return f"The {self.random.choice(THINGS)} {says} {where}, seen in pass {self.random.randrange(10_000)}."


def read_article(html: str) -> dict[str, str]:
    """The addresses and values of the page's video. Raises `RuntimeError` where one is missing."""
    found = {name: pattern.search(html) for name, pattern in ARTICLE.items()}
    if missing := [name for name, match in found.items() if match is None]:
        raise RuntimeError(f"no {', '.join(missing)} in the article")
    return {name: match[1] for name, match in found.items() if match} | {
        "pictures": " ".join(PICTURES.findall(html))
    }


async def rate(
    port: int, slug: str, sessions: list[str], *, seconds: float, think: float = 0.0, **more: Any
) -> Log:
    """Let a rater for each session work at once; what they saw. Those who think come one by one, over the time
    that one of them thinks; that long again is left to the pages they open, then the steady state begins.
    `more` are further fields of `Rater`."""
    log = Log(steady_from=time.monotonic() + 2 * think)
    until = time.monotonic() + seconds
    raters = [Rater(n, slug, Connection(port, session), log, think, **more) for n, session in enumerate(sessions)]
    await asyncio.gather(*(rater.work(until) for rater in raters))
    return log
