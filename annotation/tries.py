"""Tries to log in, counted by account and address and by address alone, so that nobody guesses passwords.

A try counts from its beginning and is forgiven when the password was right: of many tries at once no more are
looked at than one after another. The counts are in the shared cache, changed under one file's lock: that waits
as long as it must on a busy server (django-allauth's own gives up after a second, and refuses), and ends with
the process that holds it.
"""

import fcntl
import hashlib
import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

SECONDS = 5 * 60
MOST_FOR_ACCOUNT = 10  # wrong tries from one address
MOST_FROM_ADDRESS = 100  # wrong tries for whatever accounts


@dataclass(frozen=True)
class Try:
    """A try that was let through. `keys` are what it counts for: the address, and the account from there."""

    keys: tuple[str, str]
    at: float = 0.0  # seconds since the epoch
    address: str = ""

    @classmethod
    def of(cls, account: str, address: str, at: float = 0.0) -> "Try":
        network = _network(address)
        return cls((_key(network), _key(f"{network} {account}")), at, address)


def begin_try(account: str, address: str) -> Try | None:
    """Count a try; None, and nothing counted, when it is one too many within `SECONDS`."""
    with _alone():
        now = time.time()
        one = Try.of(account, address, now)
        most = dict(zip(one.keys, (MOST_FROM_ADDRESS, MOST_FOR_ACCOUNT), strict=True))
        counted = {key: [at for at in cache.get(key, []) if at > now - SECONDS] for key in most}
        if any(len(times) >= most[key] for key, times in counted.items()):
            return None
        for key, times in counted.items():
            cache.set(key, [*times, now], SECONDS)
    return one


def wrong_tries(one: Try) -> int:
    """How many tries for this one's account from its address were wrong within `SECONDS`."""
    since = time.time() - SECONDS
    return sum(at > since for at in cache.get(one.keys[1], []))


def forgive(one: Try) -> None:
    """Count it no longer."""
    with _alone():
        for key in one.keys:
            times = cache.get(key, [])
            if one.at in times:
                times.remove(one.at)
                cache.set(key, times, SECONDS)


@contextmanager
def _alone() -> Iterator[None]:
    folder = Path(settings.DATA_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tries.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _key(counted: str) -> str:
    return f"tries-{hashlib.sha256(counted.encode()).hexdigest()}"


def _network(address: str) -> str:
    """An IPv6 address stands for its /64: whoever has one has them all."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)
