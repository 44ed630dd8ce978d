"""How fast a release is written and how much memory it takes, beside Label Studio's JSON export.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/release.py

Makes a finished project of VideoFeedback2's size in a scratch database beside the one named (which it does not
touch): 27,168 videos with three ratings each and a rationale of 620 words in every rating. Each scenario runs in
a process of its own, so that its peak memory is its own.
"""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
import resource
import shutil
import subprocess
import time
from collections.abc import Callable

import django

from benchmarks.rating_room import server

ADDRESS = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
WORK = ADDRESS.rpartition("/")[2] + "_release"
INSIDE = "BENCHMARK_FOLDER"  # set in the processes that run one scenario
if INSIDE not in os.environ:
    os.environ[INSIDE] = str(server.settle_environment(server.named(ADDRESS, WORK)))
FOLDER = Path(os.environ[INSIDE])
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from annotation.models import Project
from benchmarks.finished_project import SLUG, make_project
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Options
from datasets_app.releases.preview import preview

LABEL_STUDIO_SECONDS, LABEL_STUDIO_MB = 96.6, 1_014.0  # 27,168 annotated tasks as JSON, on such a machine
GOAL_SECONDS, GOAL_MB = 10.0, 300.0
LINKED = "sft, videos linked"


def _export(project: Project, **options: object) -> dict[str, float]:
    output = FOLDER / "out"
    export_dataset(project, Options(**options), output)
    written = sum(path.stat().st_size for path in output.rglob("*") if path.stat().st_nlink == 1)
    shutil.rmtree(output)
    return {"MB written": written / 1e6}


def _preview(project: Project, **options: object) -> dict[str, float]:
    return {
        "videos": preview(project, Options(formats=["sft"], split={"train": 0.9, "test": 0.1}, **options)).videos
    }


SCENARIOS: dict[str, Callable[[Project], dict[str, float]]] = {
    "records": lambda project: _export(project, formats=["records"]),
    "sft": lambda project: _export(project, formats=["sft"], videos="none"),
    LINKED: lambda project: _export(project, formats=["sft"], videos="link"),
    "preview": lambda project: _preview(project),
    "preview, blind arm": lambda project: _preview(project, arms=["blind"]),
}


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--scenario":
        return run(sys.argv[2])
    chosen = arguments()
    try:
        make_database(chosen)
        print(f"this machine just now: {pace():.2f} s for five million additions in Python", flush=True)
        for name in SCENARIOS:
            if name != LINKED or chosen.clip_bytes:
                print(line_of(name, measured(name), chosen.ratings), flush=True)
    finally:
        connections.close_all()
        server.drop(ADDRESS, WORK)
    return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=int, default=81_504, help="three a video; 1000000 is the large project")
    parser.add_argument(
        "--clip-bytes", type=int, default=0, help="give each video a file of this size, and link it"
    )
    parser.add_argument("--keep", action="store_true", help="keep the project's database, or use the kept one")
    chosen = parser.parse_args()
    if chosen.keep and chosen.clip_bytes:
        parser.error("files are not kept")
    return chosen


def make_database(chosen: argparse.Namespace) -> None:
    """A fresh database with the project in it, from the kept one where that is asked for."""
    kept = f"{WORK}_{chosen.ratings}"
    is_kept = chosen.keep and server.exists(ADDRESS, kept)
    server.create(ADDRESS, WORK, kept if is_kept else "template0")
    call_command("migrate", verbosity=0)
    if is_kept:
        return
    start = time.monotonic()
    clips = Path(settings.MEDIA_ROOT) if chosen.clip_bytes else None
    make_project(videos=chosen.ratings // 3, clips=clips, clip_bytes=chosen.clip_bytes)
    print(
        f"{chosen.ratings // 3:,} videos with 3 ratings each made in {time.monotonic() - start:.0f} s", flush=True
    )
    if chosen.keep:
        connections.close_all()
        server.create(ADDRESS, kept, WORK)


def pace() -> float:
    """CPU seconds of a plain loop, by which figures of a busy machine can be compared."""
    start, total = time.process_time(), 0
    for number in range(5_000_000):
        total += number * number
    return time.process_time() - start


def measured(name: str) -> dict[str, float]:
    """Seconds, CPU seconds and peak memory of one scenario in its own process, and what it says itself."""
    command = [sys.executable, __file__, "--scenario", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


def run(name: str) -> None:
    """One scenario; its figures as JSON. The connection is open before the clock starts, as in a worker."""
    project = Project.objects.get(slug=SLUG)
    start = time.monotonic()
    said = SCENARIOS[name](project)
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()  # ru_maxrss may be the parent's, who was there before the exec
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    connection.close()
    figures = {"seconds": seconds, "CPU": used.ru_utime + used.ru_stime, "peak MB": peak / 1e6}
    print(json.dumps(figures | said))


def line_of(name: str, figures: dict[str, float], ratings: int) -> str:
    shown = ", ".join(f"{what} {value:,.1f}" for what, value in figures.items())
    if "MB written" not in figures:
        return f"{name}: {shown}"
    faster = LABEL_STUDIO_SECONDS / figures["seconds"] * (ratings / 81_504)
    return (
        f"{name}: {shown}; goal {GOAL_SECONDS:.0f} s (of 81,504 ratings) and {GOAL_MB:.0f} MB; Label Studio "
        f"{LABEL_STUDIO_SECONDS} s and {LABEL_STUDIO_MB:,.0f} MB: {faster:.1f} times as fast a rating, "
        f"{LABEL_STUDIO_MB / figures['peak MB']:.1f} times less memory"
    )


if __name__ == "__main__":
    main()
