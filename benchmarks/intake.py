"""How fast videos come in and how much memory it takes, beside Label Studio's import of as many tasks.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/intake.py

In a scratch database beside the one named (which it does not touch): 27,168 records with a model's scores, which
become videos without files, seats and suggestions; and a manifest of 100,000 different small clips that are there,
each copied, hashed, decoded in limited processes and stored. Each scenario runs in a process of its own.
"""

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import io
import json
import resource
import subprocess
import threading
import time
from collections.abc import Callable

import django
import psutil

from benchmarks.rating_room import server

ADDRESS = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/bench")
WORK = ADDRESS.rpartition("/")[2] + "_intake"
INSIDE = "BENCHMARK_FOLDER"  # set in the processes that run one scenario
if INSIDE not in os.environ:
    os.environ[INSIDE] = str(server.settle_environment(server.named(ADDRESS, WORK)))
FOLDER = Path(os.environ[INSIDE])
django.setup()

import av
import numpy as np
from django.core.management import call_command
from django.db import connections

from annotation.models import Project
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import read_lines
from datasets_app.opinions.import_annotations import import_annotations
from datasets_app.opinions.import_rater import find_rater
from datasets_app.opinions.read_annotations import read_annotations

# Label Studio 1.23.2 on such a machine, November 2026: 27,168 tasks with a prediction each, no file looked at.
LABEL_STUDIO = {"SQLite": (68.8, 320.0), "PostgreSQL": (82.0, 639.0)}  # seconds, MB
TASKS = 27_168
GOAL_RATIO, GOAL_SECONDS, GOAL_MB = 10, 120.0, 300.0  # the last two: 100,000 present files
RECORDS, MANIFEST = FOLDER / "records.jsonl", FOLDER / "clips/manifest.jsonl"


def import_records(project: Project) -> int:
    with RECORDS.open("rb") as file:
        return import_annotations(project, read_annotations(file), rater=find_rater(project, "")).suggestions


def import_files(project: Project) -> int:
    with MANIFEST.open("rb") as file:
        return ingest(project, read_lines(file), Folder(MANIFEST.parent)).new


SCENARIOS: dict[str, Callable[[Project], int]] = {"records": import_records, "files": import_files}


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--scenario":
        return run(sys.argv[2])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=TASKS)
    parser.add_argument("--files", type=int, default=100_000)
    chosen = parser.parse_args()
    try:
        server.create(ADDRESS, WORK, "template0")
        call_command("migrate", verbosity=0)
        write_records(chosen.records)
        write_clips(chosen.files)
        print(f"load before: {os.getloadavg()[0]:.1f}", flush=True)
        print(line_of_records(measured("records"), chosen.records), flush=True)
        print(line_of_files(measured("files"), chosen.files), flush=True)
    finally:
        connections.close_all()
        server.drop(ADDRESS, WORK)
    return None


def write_records(count: int) -> None:
    with RECORDS.open("w", encoding="utf-8") as file:
        for number in range(count):
            scores = {f"{key}_score_model": number % 5 + 1 for key in ("visual", "t2v", "phy")}
            empty = {f"{key}_score": None for key in ("visual", "t2v", "phy")}
            name = f"{number:06}_a"
            prompt = f"A red ball rolls off table {number // 10} while a cat watches it in the evening light"
            url = f"https://example.org/batch/M{number % 10}/{name}.mp4"
            file.write(
                json.dumps({"video_name": name, "prompt": prompt, "video_url": url} | empty | scores) + "\n"
            )


def write_clips(count: int) -> None:
    """One clip of 16 frames, made different by a number in a box that players pass over."""
    clip = draw_clip()
    MANIFEST.parent.mkdir()
    with MANIFEST.open("w", encoding="utf-8") as file:
        for number in range(count):
            name = f"{number // 1000:03}/{number:06}.mp4"
            (MANIFEST.parent / name).parent.mkdir(exist_ok=True)
            (MANIFEST.parent / name).write_bytes(clip + b"\0\0\0\x10free" + number.to_bytes(8, "big"))
            row = {"video": name, "prompt": f"a red ball {number // 10}", "t2v_model": f"M{number % 10}"}
            file.write(json.dumps(row) + "\n")


def draw_clip() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(16):
            picture = np.full((48, 64, 3), 90, np.uint8)
            picture[20:28, index * 3 : index * 3 + 8] = (230, 180, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def measured(name: str) -> dict[str, float]:
    """What one scenario says of itself, in its own process."""
    done = subprocess.run(
        [sys.executable, __file__, "--scenario", name], stdout=subprocess.PIPE, check=True, text=True
    )
    return dict(json.loads(done.stdout))


def run(name: str) -> None:
    """One scenario; its figures as JSON. Memory is of this process and its decoders together."""
    project = Project.objects.create(slug=name, name=name, overlap=3)
    memory = Memory()
    start = time.monotonic()
    rows = SCENARIOS[name](project)
    seconds = time.monotonic() - start
    peak = memory.end()
    own, decoders = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "rows": rows,
        "seconds": seconds,
        "CPU": own.ru_utime + own.ru_stime,
        "CPU of decoders": decoders.ru_utime + decoders.ru_stime,
        "peak MB": peak / 1e6,
    }
    print(json.dumps(figures))


class Memory:
    """The most that this process and its children held at once, looked at ten times a second."""

    def __init__(self) -> None:
        self._peak, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(0.1):
            held = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    held += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self._peak = max(self._peak, held)

    def end(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak


def shown(figures: dict[str, float]) -> str:
    return ", ".join(f"{what} {value:,.1f}" for what, value in figures.items() if what != "rows")


def line_of_records(figures: dict[str, float], rows: int) -> str:
    rivals = [
        f"{name} {seconds} s and {mb:.0f} MB: {seconds / TASKS * rows / figures['seconds']:.1f} times as fast"
        for name, (seconds, mb) in LABEL_STUDIO.items()
    ]
    return (
        f"records with suggestions, {figures['rows']:,.0f} of {rows:,}: {shown(figures)}; Label Studio for "
        f"{TASKS:,}: {'; '.join(rivals)} (goal {GOAL_RATIO})"
    )


def line_of_files(figures: dict[str, float], rows: int) -> str:
    most = GOAL_SECONDS * rows / 100_000
    return f"files, {figures['rows']:,.0f} of {rows:,}: {shown(figures)}; goal {most:.0f} s and {GOAL_MB:.0f} MB"


if __name__ == "__main__":
    main()
