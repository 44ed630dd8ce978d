"""How fast the rating room is on a running server, beside the rivals, and whether it stayed exact.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/queue.py

Makes a project of VideoFeedback2's size in a scratch database beside the one named (which it does not touch),
starts gunicorn by the Dockerfile's command, and plays raters as their browsers act: open a video and lease the
next one, save a draft (who thinks), submit, answer a reveal. Afterwards it asks the database: no seat filled
twice, nothing lost.
"""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # else this file is everybody's `queue`

import argparse
import asyncio
import resource
import time

import django

from benchmarks.rating_room import server

ADDRESS = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
WORK = ADDRESS.rpartition("/")[2] + "_queue"
FOLDER = server.settle_environment(server.named(ADDRESS, WORK))
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from annotation.models import Project
from benchmarks.rating_room.browser import CLIPS, draw_clips, submit_to_first_frame
from benchmarks.rating_room.figures import SCENARIOS, lines_of
from benchmarks.rating_room.load import Log, rate
from benchmarks.rating_room.project import SLUG, cookie_of, faults, make_project, make_raters


def main() -> int:
    """Run the chosen scenarios; 1 where a request failed or something was lost or doubled."""
    chosen = arguments()
    try:
        make_database(chosen)
        with server.running(chosen.port, WORK, FOLDER, chosen.gunicorn) as site:
            warm_up(site)
            wrong = [play(name, chosen, site) for name in chosen.scenarios or SCENARIOS]
    finally:
        connections.close_all()
        server.drop(ADDRESS, WORK)
    return 1 if any(wrong) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="|".join(SCENARIOS), help="all, unless named")
    parser.add_argument("--videos", type=int, default=27_168)
    parser.add_argument("--prompts", type=int, default=2_717)
    parser.add_argument("--rated", type=float, default=0.0, help="share of the prompts that others have finished")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each scenario")
    parser.add_argument("--raters", type=int, help="instead of a scenario's own number")
    parser.add_argument("--submits", type=int, default=40, help="in the browser")
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument("--gunicorn", default="", help="options after those of the Dockerfile")
    parser.add_argument("--keep", action="store_true", help="keep the project's database, or use the kept one")
    chosen = parser.parse_args()
    if unknown := set(chosen.scenarios) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    return chosen


def make_database(chosen: argparse.Namespace) -> None:
    """A fresh database with the project in it, from the kept one where that is asked for."""
    kept = f"{WORK}_{chosen.videos}_{chosen.prompts}_{chosen.rated:.0%}"
    is_kept = chosen.keep and server.exists(ADDRESS, kept)
    server.create(ADDRESS, WORK, kept if is_kept else "template0")
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if is_kept:
        return
    start = time.monotonic()
    clips = [f"clip-{n}" for n in range(CLIPS)]
    make_project(videos=chosen.videos, prompts=chosen.prompts, rated=chosen.rated, clips=clips)
    print(f"{chosen.videos:,} videos of {chosen.prompts:,} prompts made in {time.monotonic() - start:.0f} s")
    if chosen.keep:
        connections.close_all()
        server.create(ADDRESS, kept, WORK)


def warm_up(site: server.Server) -> None:
    """Let every worker answer for two seconds: what it does once is not measured."""
    raters = make_raters(Project.objects.get(slug=SLUG), 16)
    asyncio.run(rate(site.port, SLUG, [cookie_of(rater) for rater in raters], seconds=2))


def play(name: str, chosen: argparse.Namespace, site: server.Server) -> bool:
    """Run one scenario with raters of its own and print what it gave; whether something was wrong."""
    scenario, project = SCENARIOS[name], Project.objects.get(slug=SLUG)
    sessions = [cookie_of(rater) for rater in make_raters(project, chosen.raters or scenario.raters)]
    if name == "browser":
        return play_in_browser(chosen, sessions[0])
    cpu, own = site.cpu(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    start = time.monotonic()
    log = asyncio.run(rate(site.port, SLUG, sessions, seconds=chosen.seconds, think=scenario.think))
    taken = time.monotonic() - start
    spent = site.cpu_since(cpu)
    spent["these raters themselves"] = resource.getrusage(resource.RUSAGE_SELF).ru_utime - own
    print(f"{name}: {len(sessions)} at once, thinking {scenario.think:.0f} s, {log.rated} videos in {taken:.0f} s")
    print(*lines_of(scenario, log.times, log.rated / taken), sep="\n")
    if scenario.think:
        print(f"  they came over {scenario.think:.0f} s; without the first {2 * scenario.think:.0f} s:")
        print(*lines_of(scenario, log.steady), sep="\n")
    print(f"  CPU ms a rating: {per_rating(spent, log)}")
    wrong = log.errors + faults(project, log)
    print(
        f"  {len(log.acknowledged)} acknowledged, {log.warned} warned; wrong: {wrong[:10] or 'nothing'}",
        flush=True,
    )
    return bool(wrong)


def per_rating(spent: dict[str, float], log: Log) -> str:
    return ", ".join(f"{who} {seconds / max(log.rated, 1) * 1000:.1f}" for who, seconds in spent.items())


def play_in_browser(chosen: argparse.Namespace, session: str) -> bool:
    draw_clips(settings.MEDIA_ROOT)
    times = submit_to_first_frame(chosen.port, SLUG, session, chosen.submits)
    print(f"browser: {len(times)} submits, the next video preloaded")
    print(*lines_of(SCENARIOS["browser"], {"first frame": times}), sep="\n", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
