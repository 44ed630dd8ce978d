"""Run the drill: each fault in a process and on services of its own, a line for each, then a table."""

import argparse
import json
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rating_room.server import ROOT
from tests.faults.catalog import FAULTS
from tests.faults.services import Postgres

LONGEST_SECONDS = 420  # that a fault may take


@dataclass(frozen=True)
class Result:
    """What came of one fault."""

    name: str
    done: str
    seen: str
    seconds: float
    passed: bool

    @property
    def verdict(self) -> str:
        return "PASS" if self.passed else "FAIL"


def main() -> int:
    """Run the named faults, or all; 1 where one failed."""
    chosen = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="screening-room-faults-"))
    folder.chmod(0o711)  # PostgreSQL's user passes through
    try:
        make_mould(folder / "mould")
        print(f"A cluster with our tables was made in {time.monotonic() - started:.0f} s.", flush=True)
        results = play_all([name for name in FAULTS if name in chosen.faults or not chosen.faults], folder, chosen)
    finally:
        if chosen.keep:
            print(f"Logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(table(results, time.monotonic() - started))
    return 0 if all(result.passed for result in results) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"all, unless named: {', '.join(FAULTS)}")
    parser.add_argument("--full", action="store_true", help="an import of 100,000 rows instead of 2,000")
    parser.add_argument(
        "--at-once", type=int, default=3, help="faults that run at the same time (3); they wait a lot"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    chosen = parser.parse_args()
    chosen.faults = [name.replace("-", "_") for name in chosen.faults]
    if unknown := set(chosen.faults) - set(FAULTS):
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    return chosen


def environment(postgres: Postgres, data: Path) -> dict[str, str]:
    """Production but for TLS in front; nothing of who runs the drill."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "DEBUG": "0",
        "BEHIND_TLS": "0",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": "http://127.0.0.1",
        "EMAIL_URL": "consolemail://",
        "DATA_DIR": str(data),
        "DATABASE_URL": postgres.url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EXTRA_SCORERS": "patient=tests.patient.ENTRY",
    }


def make_mould(folder: Path) -> None:
    """A stopped cluster with our tables, and the static files: every fault gets a copy."""
    folder.mkdir()
    folder.chmod(0o711)
    postgres = Postgres(folder / "cluster")
    postgres.initialise()
    postgres.start()
    try:
        postgres.make_database()
        given = environment(postgres, folder / "data")
        for command in ("migrate", "collectstatic"):
            asked = [sys.executable, "manage.py", command, "--noinput", "--verbosity", "0"]
            subprocess.run(asked, cwd=ROOT, env=given, check=True)
    finally:
        postgres.stop("fast")


def play_all(names: list[str], folder: Path, chosen: argparse.Namespace) -> list[Result]:
    """Some at once, in this order; whoever ends the drill ends them all."""
    running: list[subprocess.Popen[bytes]] = []
    pool = ThreadPoolExecutor(chosen.at_once)
    try:
        return list(pool.map(lambda name: play(name, folder, running, full=chosen.full), names))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        ending = [process for process in running if process.poll() is None]
        for process in ending:
            process.terminate()  # it stops what it started
        for process in ending:
            process.wait(60)


def play(name: str, folder: Path, running: list[subprocess.Popen[bytes]], *, full: bool) -> Result:
    """Let one fault happen in a process of its own; what came of it is printed."""
    place = folder / name
    place.mkdir()
    place.chmod(0o711)
    subprocess.run(["cp", "-a", str(folder / "mould" / "cluster"), str(place / "cluster")], check=True)
    (place / "data").mkdir()
    (place / "data" / "static").symlink_to(folder / "mould" / "data" / "static")
    postgres = Postgres(place / "cluster")
    started = time.monotonic()
    command = [sys.executable, "-m", "tests.faults.one", name, str(place), str(postgres.port)]
    with (place / "drill.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *(["--full"] if full else [])],
            cwd=ROOT,
            env=environment(postgres, place / "data"),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        running.append(process)
        try:
            process.wait(LONGEST_SECONDS * (10 if full else 1))
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(60)
    result = read_result(name, place, time.monotonic() - started)
    print(f"{result.verdict}  {name:<17} {result.seconds:4.0f} s  {result.done} Seen: {result.seen}", flush=True)
    return result


def read_result(name: str, place: Path, seconds: float) -> Result:
    try:
        said = json.loads((place / "result.json").read_text())
    except (OSError, ValueError):
        log = (place / "drill.log").read_text(errors="replace").strip().splitlines()
        said = {"done": "", "seen": f"it did not come to an end: {log[-1] if log else ''}", "passed": False}
    return Result(name, said["done"], said["seen"], seconds, said["passed"])


def table(results: list[Result], seconds: float) -> str:
    """The results in Markdown."""
    machine = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    passed = sum(result.passed for result in results)
    lines = [
        "",
        f"{datetime.now(UTC):%d %B %Y}, {machine}: {passed} of {len(results)} faults passed in {seconds:.0f} s.",
        "",
        "| fault | what was done | what was seen | seconds | |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{result.name}` | {result.done} | {result.seen} | {result.seconds:.0f} | {result.verdict} |"
        for result in results
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
