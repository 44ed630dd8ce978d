"""Fetch a video from an address that a stranger wrote into a manifest, and reach nothing but public web servers.

A name is resolved once; every address that it has must be allowed, and the connection goes to those very ones: a
name that resolves to something else a moment later gains nothing. TLS is verified against the name. Redirects are
followed here, each checked like the first address. `httpcore` speaks HTTP: it knows no proxies, no cookies and no
redirects, and decompresses nothing.
"""

import re
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO
from urllib.parse import quote, urljoin, urlsplit

import httpcore

from datasets_app.intake.reachable import Allowed, Resolve, reachable, resolve
from datasets_app.media import limits
from datasets_app.media.sniff import Refused

MAX_REDIRECTS = 3
MAX_URL = 4_000  # characters
CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0  # without a byte
PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024  # below it, other services than the web listen
HEADERS = {"User-Agent": "ScreeningRoom", "Accept": "video/*, image/gif", "Accept-Encoding": "identity"}
# Besides video/*: what servers of files say when they know no better.
TYPES = {"", "application/octet-stream", "binary/octet-stream", "application/mp4", "image/gif"}
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", re.IGNORECASE | re.ASCII)  # without it, s is also a long s
_KEPT_IN_PATHS = "/%:@!$&'()*+,;=?~"


@dataclass(frozen=True)
class Address:
    """Where a file lies, taken apart once: what is checked is what is asked."""

    scheme: str
    host: str  # without brackets
    port: int
    target: str  # path and query

    @property
    def netloc(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def safe_fetch(
    url: str, into: BinaryIO, *, seconds: float = limits.FETCH_SECONDS, find: Resolve = resolve
) -> None:
    """Write what lies at `url` into an open file, which is left at its end. Raises `Refused` with a sentence.

    At most `limits.MAX_BYTES`, and `seconds` for all of it, redirects included. `OSError` is of the file only.
    """
    allowed = Allowed.from_settings()
    deadline = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        address = read_address(url)
        addresses = reachable(address.host, address.port, allowed, find)
        onward = _get(address, addresses, into, deadline)
        if onward is None:
            return
        if address.scheme == "https" and not onward.startswith("https:"):
            raise Refused("The server sends on from https to something else.")
        url = onward
    raise Refused(f"The server sends on more than {MAX_REDIRECTS} times.")


def read_address(url: str) -> Address:
    """The parts of an address that may be asked. Raises `Refused`."""
    if len(url) > MAX_URL or url != url.strip() or "\\" in url or not url.isprintable():
        raise Refused("The address holds characters that an address cannot have.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("The address cannot be read.") from None
    if parts.scheme not in PORTS:
        raise Refused("Only addresses with http:// or https:// are fetched.")
    if "@" in parts.netloc:
        raise Refused("The address holds a name or a password; that is not fetched.")
    port = PORTS[parts.scheme] if port is None else port
    named = (
        parts.netloc.rpartition(":")[0] if parts.port is not None or parts.netloc.endswith(":") else parts.netloc
    )
    if not _HOST.fullmatch(named) or not (port in PORTS.values() or port >= FIRST_FREE_PORT):
        raise Refused("The address names no web server.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host.rstrip("."), port, quote(target, safe=_KEPT_IN_PATHS))


def _get(address: Address, addresses: list[str], into: BinaryIO, deadline: float) -> str | None:
    """Write the answer's body into the file; None, or the address that the server sends on to."""
    url = httpcore.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target)
    headers = list(({"Host": address.netloc} | HEADERS).items())
    timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": None}
    network = CheckedNetwork(addresses, deadline)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=network, retries=0) as pool,
            pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response,
        ):
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            if response.status in (301, 302, 303, 307, 308) and "location" in said:
                return _onward(address, said["location"])
            check_answer(response.status, said)
            _write(response.iter_stream(), into, deadline)
            return None
    except (httpcore.TimeoutException, TimeoutError):
        raise Refused("The server took too long.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        raise Refused(f"The server cannot be asked ({_word(error)}).") from None


def _onward(address: Address, location: str) -> str:
    try:
        return urljoin(f"{address.scheme}://{address.netloc}{address.target}", location)
    except ValueError:
        raise Refused("The server sends on to an address that cannot be read.") from None


def check_answer(status: int, headers: dict[str, str]) -> None:
    """Refuse an answer that holds no video, before its body is read."""
    if status != 200:
        raise Refused(f"The server answered {status}.")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in TYPES and not kind.startswith("video/"):
        raise Refused(f"The server sent {kind[:60]!r}, not a video.")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused("The server sent the video compressed, which was not asked for.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limits.MAX_BYTES:
        raise Refused(f"The file has more than {limits.MAX_BYTES // 1024**2} MB.")


def _write(body: Iterable[bytes], into: BinaryIO, deadline: float) -> None:
    left = limits.MAX_BYTES
    for chunk in body:
        left -= len(chunk)
        if left < 0:
            raise Refused(f"The file has more than {limits.MAX_BYTES // 1024**2} MB.")
        if time.monotonic() > deadline:
            raise TimeoutError
        into.write(chunk)


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to addresses that were checked, whatever name it is asked for, until a deadline."""

    def __init__(self, addresses: list[str], deadline: float) -> None:
        self._addresses, self._deadline = addresses, deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for address in self._addresses:
            try:
                left = _left(self._deadline, timeout)
                return HurriedStream(self._plain.connect_tcp(address, port, left), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError("no address")


class HurriedStream(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly its other end drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout)
        return HurriedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    """Seconds that may still pass. Raises `TimeoutError` where there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left if timeout is None else min(left, timeout)


@cache
def _tls() -> ssl.SSLContext:
    """The system's authorities; names are verified."""
    return ssl.create_default_context()


def _word(error: Exception) -> str:
    cause = error.__cause__ or error
    return (
        getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(error) or "it broke off"
    )[:100]
