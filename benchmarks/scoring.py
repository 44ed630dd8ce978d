"""Videos a minute: the official way, one at a time, against ours in batches, on one checkpoint in one run.

    .venv/bin/python benchmarks/scoring.py                       the stand-in's weights, on what device there is
    .venv/bin/python benchmarks/scoring.py --tokens 150          the same number of new tokens for everybody
    .venv/bin/python benchmarks/scoring.py --memory              a worker's memory over 1,000 videos
    .venv/bin/python benchmarks/scoring.py --real-shape          on a GPU: the 7B shape, random weights

Ours runs as a worker does: jobs of a test database, drained. Works in a test database (SQLite, or what
DATABASE_URL names) and a folder of its own, and removes both.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(prefix="bench-scoring-")
os.environ |= {"DATA_DIR": FOLDER.name, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1"}
os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER.name}/db.sqlite3")
os.environ["LOG_LEVEL"] = "WARNING"
sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder: it holds a `queue`

import django

django.setup()

from django.conf import settings as site
from django.db import connection

from benchmarks.real_shape import measure_real_shape
from benchmarks.two_ways import FPS, SECONDS, SIZES, draw_clips, force_tokens, measure_official, measure_ours, show
from scoring.registry import load
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.versions import current_version
from tests.official import OfficialScorer

BATCHES = (1, 4, 16)
MEMORY_JOBS, MEMORY_EVERY = 1000, 100


def compare(arguments: argparse.Namespace) -> None:
    """The table of both ways, on clips of one size and of several."""
    version = current_version("videoscore2", arguments.checkpoint)
    scorer = load("videoscore2", version.settings, arguments.checkpoint)
    force_tokens(scorer, arguments.tokens)
    official = OfficialScorer(Path(arguments.checkpoint))
    official.model.to(scorer.generator.model.device)
    print(f"{scorer.device}, {version.settings['dtype']}, {version}")
    print(f"{arguments.clips} clips of {SECONDS} s at {FPS} frames a second")
    for kind in arguments.sizes:
        clips = draw_clips(arguments.clips, SIZES[kind])
        measure_official(official, clips[:1], tokens=arguments.tokens)
        measure_ours(scorer, version, clips[:2], batch=2)
        print(f"\n{kind}: {', '.join(f'{width}x{height}' for width, height in SIZES[kind])}")
        few = clips[: arguments.official]
        rows = [measure_official(official, few, tokens=arguments.tokens)]
        rows += [measure_ours(scorer, version, clips, batch=batch) for batch in arguments.batches or BATCHES]
        show(rows)
    print(
        "\n* in threads, while the batch before is answered; of wall time, 'beside ask' is all that is not asking"
    )


def measure_memory(arguments: argparse.Namespace) -> None:
    """Resident memory of one process that drains 1,000 jobs, every 100."""
    version = current_version("videoscore2", arguments.checkpoint)
    scorer = load("videoscore2", version.settings, arguments.checkpoint)
    force_tokens(scorer, arguments.tokens)
    clips = draw_clips(10, ((160, 128), (128, 160)), seconds=1)
    shown = []

    def tell(asked: int) -> None:
        if asked // MEMORY_EVERY > len(shown):
            shown.append(resident_mib())
            print(f"{asked:>6} videos  {shown[-1]:7.1f} MiB", flush=True)

    repeated = [clips[number % len(clips)] for number in range(arguments.jobs)]
    row = measure_ours(scorer, version, repeated, batch=max(arguments.batches or BATCHES), told=tell)
    show([row])
    if len(shown) > 2:
        print(f"from {2 * MEMORY_EVERY} videos on: {shown[-1] - shown[1]:+.1f} MiB")


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    parser.add_argument("--clips", type=int, default=64, help="for ours")
    parser.add_argument("--official", type=int, default=16, help="how many of them for the official way")
    parser.add_argument("--batches", type=int, nargs="+", help="1 4 16; up to 64 for the real shape")
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--tokens", type=int, default=0, help="force so many new tokens on both")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--jobs", type=int, default=MEMORY_JOBS, help="for --memory")
    parser.add_argument("--real-shape", action="store_true", help="needs a GPU")
    parser.add_argument("--small", action="store_true", help="with --real-shape: a small one, to try the code out")
    arguments = parser.parse_args()
    site.DEBUG = False
    connection.settings_dict["TEST"]["NAME"] = connection.settings_dict["TEST"].get("NAME") or (
        f"{FOLDER.name}/test.sqlite3" if connection.vendor == "sqlite" else None
    )
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        if arguments.real_shape:
            measure_real_shape(arguments)
        else:
            (measure_memory if arguments.memory else compare)(arguments)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
