"""A lab's worst hour: a hundred raters on the site as it ships, beside an import and an export that never end.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/load.py --minutes 10

Raters think, load their clips by ranges and save drafts, in a project of 27,168 videos; another project of as many
settled videos is exported again and again, and clips are imported into a third one. Afterwards
`verify_invariants --acks` says whether everything that was acknowledged is there, once and unchanged.
"""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import asyncio
import json
import subprocess
import threading
import time
from dataclasses import dataclass, field

import django

from benchmarks.rating_room import server

ADDRESS = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
WORK = ADDRESS.rpartition("/")[2] + "_load"
FOLDER = server.settle_environment(server.named(ADDRESS, WORK))
os.environ["MEDIA_ACCEL_REDIRECT"] = "/protected/"
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from annotation.models import Project, Video
from benchmarks import finished_project
from benchmarks.rating_room.browser import CLIPS, draw_clips
from benchmarks.rating_room.figures import Scenario, lines_of
from benchmarks.rating_room.load import Log, rate
from benchmarks.rating_room.project import SLUG, cookie_of, make_project, make_raters
from benchmarks.rating_room.stand_back import shares_of, standing_back

GOAL_MS = 300.0
CLIP_BYTES = 1_000_000
IMPORTED, IMPORT_ROWS = "imported", 500  # clips of a manifest; then the next one
SEATS = """
INSERT INTO annotation_seat (video_id, number, holder_id, filled_at)
SELECT video_id, row_number() OVER (PARTITION BY video_id ORDER BY id), rater_id, submitted_at
FROM annotation_rating
"""


@dataclass
class Beside:
    """A command that is run again and again beside the raters, in processes of their own."""

    name: str
    stand_back: list[str]  # stands before the command
    runs: list[float] = field(default_factory=list)  # seconds of each that came to its end
    errors: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def go_on(self, arguments_of) -> None:
        while not self.ended.is_set():
            start = time.monotonic()
            command = [*self.stand_back, sys.executable, "manage.py", *arguments_of(len(self.runs))]
            process = subprocess.Popen(command, cwd=server.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while process.poll() is None and not self.ended.wait(0.2):
                pass
            if process.poll() is None:  # the hour is over: this one is broken off, which has to do no harm
                process.terminate()
                process.wait()
                return
            said = process.stderr.read().decode() if process.stderr else ""
            if process.returncode:
                self.errors.append(f"{self.name}: {said.strip()[-300:]}")
                return
            self.runs.append(time.monotonic() - start)


def main() -> int:
    """1 where a request failed, something was lost or doubled, or another command broke off."""
    chosen = arguments()
    try:
        make_database(chosen)
        for name in draw_clips(Path(settings.MEDIA_ROOT)):
            pad(Path(settings.MEDIA_ROOT) / f"{name}.mp4")
        with (
            server.running(chosen.port, WORK, FOLDER, chosen.gunicorn) as gunicorn,
            server.behind_nginx(gunicorn, FOLDER) as site,
            standing_back(chosen.shares) as stand_back,
        ):
            wrong = play(chosen, site, stand_back)
    finally:
        connections.close_all()
        server.drop(ADDRESS, WORK)
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--raters", type=int, default=100)
    parser.add_argument("--think", type=float, default=5.0, help="seconds a video")
    parser.add_argument("--videos", type=int, default=27_168)
    parser.add_argument("--port", type=int, default=8191)
    parser.add_argument("--gunicorn", default="", help="options after those of the Dockerfile")
    shares = "of import and export, where everything else has 1,024 each (as the worker of docker-compose.yml)"
    parser.add_argument("--shares", type=int, default=shares_of("worker"), help=shares)
    parser.add_argument("--alone", action="store_true", help="without the import and the export")
    parser.add_argument("--keep", action="store_true", help="keep the projects' database, or use the kept one")
    return parser.parse_args()


def make_database(chosen: argparse.Namespace) -> None:
    """A fresh database with both projects in it, from the kept one where that is asked for."""
    kept = f"{WORK}_{chosen.videos}"
    is_kept = chosen.keep and server.exists(ADDRESS, kept)
    server.create(ADDRESS, WORK, kept if is_kept else "template0")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if is_kept:
        return
    start = time.monotonic()
    finish_project(chosen.videos)
    clips = [f"clip-{n}" for n in range(CLIPS)]
    make_project(videos=chosen.videos, prompts=-(-chosen.videos // 10), clips=clips)
    Project.objects.create(slug=IMPORTED, name="Imported")
    print(f"two projects of {chosen.videos:,} videos each made in {time.monotonic() - start:.0f} s", flush=True)
    if chosen.keep:
        connections.close_all()
        server.create(ADDRESS, kept, WORK)


def finish_project(videos: int) -> None:
    """A project to export, whole as `verify_invariants` wants it: files, filled seats, time marks."""
    project = finished_project.make_project(videos=videos)
    clip = {"original": "clip-0.mp4", "poster": "clip-0.jpg", "thumbnails": "clip-0-strip.jpg", "bytes": 0}
    Video.objects.filter(project=project).update(**clip)
    with connection.cursor() as cursor:
        cursor.execute(SEATS)
        cursor.execute("UPDATE annotation_rating SET imported = true")


def play(chosen: argparse.Namespace, site: server.Server, stand_back: list[str]) -> list[str]:
    """Let everybody work for so many minutes; what was wrong."""
    raters = make_raters(Project.objects.get(slug=SLUG), chosen.raters)
    sessions = [cookie_of(rater) for rater in raters]
    asyncio.run(rate(site.port, SLUG, sessions[:16], seconds=2))  # what a process does once is not measured
    beside = [] if chosen.alone else [Beside(name, stand_back) for name in ("import", "export")]
    ways = {"import": import_clips, "export": export_finished}
    threads = [threading.Thread(target=each.go_on, args=(ways[each.name],)) for each in beside]
    cpu, start = site.cpu(), time.monotonic()
    for thread in threads:
        thread.start()
    watching = {"saves": 2, "watches": True}
    seconds = chosen.minutes * 60
    log = asyncio.run(rate(site.port, SLUG, sessions, seconds=seconds, think=chosen.think, **watching))
    taken, spent = time.monotonic() - start, site.cpu_since(cpu)
    for each in beside:
        each.ended.set()
    for thread in threads:
        thread.join()
    wrong = [*log.errors, *(error for each in beside for error in each.errors)]
    report(chosen, log, taken, spent, beside)
    return wrong + verify(log) + ([f"{log.server_errors} answers of 500 and above"] if log.server_errors else [])


def report(
    chosen: argparse.Namespace, log: Log, taken: float, spent: dict[str, float], beside: list[Beside]
) -> None:
    scenario = Scenario(chosen.raters, chosen.think, {"next": GOAL_MS, "submit": GOAL_MS})
    print(f"{chosen.raters} raters, thinking {chosen.think:.0f} s, for {taken:.0f} s: {log.rated} videos rated")
    print(*lines_of(scenario, log.times, log.rated / taken), sep="\n")
    print(f"  without the first {2 * chosen.think:.0f} s:")
    print(*lines_of(scenario, log.steady), sep="\n")
    print(f"  {log.clip_bytes / 1e6:.0f} MB of clips in {len(log.times['clip']):,} ranges")
    print(
        "  CPU ms a rating: " + ", ".join(f"{who} {1000 * s / max(log.rated, 1):.1f}" for who, s in spent.items())
    )
    for each in beside:
        longest = f", the longest {max(each.runs):.0f} s" if each.runs else ""
        print(f"  {each.name}: {len(each.runs)} whole runs{longest}")
    print(
        f"  {len(log.acks)} acknowledged, {log.warned} warned, {len(log.errors)} errors, {log.server_errors} 5xx"
    )
    print(f"  errors: {log.errors[:5] or 'none'}", flush=True)


def verify(log: Log) -> list[str]:
    """What `verify_invariants` says to the acknowledgements; its own time is printed."""
    doubled = len(log.acks) - len({ack["submit_key"] for ack in log.acks})
    acks = FOLDER / "acks.jsonl"
    acks.write_text("".join(json.dumps(ack) + "\n" for ack in log.acks))
    start = time.monotonic()
    command = [sys.executable, "manage.py", "verify_invariants", "--acks", str(acks)]
    said = subprocess.run(command, cwd=server.ROOT)
    print(f"  verify_invariants: {time.monotonic() - start:.0f} s")
    print(f"  acknowledged twice under one key: {doubled}", flush=True)
    return ["verify_invariants found something"] * (said.returncode != 0) + ["doubled"] * bool(doubled)


def pad(clip: Path) -> None:
    """To the size of a real clip, by a box that players pass over."""
    missing = CLIP_BYTES - clip.stat().st_size
    with clip.open("ab") as file:
        file.write(missing.to_bytes(4, "big") + b"free" + b"\0" * (missing - 8))


def import_clips(run: int) -> list[str]:
    """The next manifest: clips that differ by a box that players pass over."""
    folder = FOLDER / "arrivals" / str(run)
    folder.mkdir(parents=True)
    clip = (Path(settings.MEDIA_ROOT) / "clip-0.mp4").read_bytes()
    with (folder / "manifest.jsonl").open("w") as manifest:
        for row in range(IMPORT_ROWS):
            name = f"{run:04}-{row:04}.mp4"
            (folder / name).write_bytes(clip + (24).to_bytes(4, "big") + b"free" + name.encode().ljust(16))
            manifest.write(json.dumps({"video": name, "prompt": f"a red cup, number {run}-{row // 10}"}) + "\n")
    return ["import_videos", str(folder / "manifest.jsonl"), "--project", IMPORTED]


def export_finished(run: int) -> list[str]:
    output = str(FOLDER / "exports" / str(run))
    asked = ["--project", finished_project.SLUG, "--format", "records", "--videos", "none"]
    return ["export_dataset", *asked, "--output", output]


if __name__ == "__main__":
    sys.exit(main())
