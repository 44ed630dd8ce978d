"""An import killed -9 again and again."""

import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings

from annotation.models import Project, Video
from tests.faults.services import ROOT
from tests.faults.site import Site, numbered_clip, until, write_manifest
from tests.make import make_project
from tests.worker import environment

DONE = "`import_videos` of 2,000 rows (`--full`: 100,000), 40 of them bad, killed -9 ten times and started again."
ROWS, FULL_ROWS, KILLS, BAD = 2_000, 100_000, 10, 40


def run(site: Site) -> str:
    rows = FULL_ROWS if site.full else ROWS
    project = make_project("clips")
    manifest, bad = make_rows(site, rows)
    said = []
    for kill in range(1, KILLS + 1):
        old, landed = staged(), Video.objects.count()
        # By turns while a batch is being copied, and where one is just being stored.
        enough = random.randint(1, 400) if kill % 3 else rows
        process = start(site, manifest, said)
        until(
            lambda enough=enough, old=old, landed=landed, process=process: (
                len(staged() - old) >= enough or Video.objects.count() > landed or process.poll() is not None
            ),
            "copies of the import",
        )
        time.sleep(random.uniform(0, 0.2))
        assert process.poll() is None, f"it ended before kill {kill}: {said[-1].read_text()[-300:]}"
        process.kill()
        process.wait()
    before = project.videos.count()
    started = time.monotonic()
    last = start(site, manifest, said)
    assert last.wait(1_200) == 1, said[-1].read_text()  # bad rows are an error
    seconds = time.monotonic() - started
    check(project, rows, bad, said)
    return (
        f"{before} rows were there after the tenth kill; {rows - BAD} in the end, none twice, all {BAD} bad ones "
        f"reported with line and reason; the last run took {seconds:.0f} s."
    )


def staged() -> set[str]:
    """Copies that wait for their rows; folders come and go meanwhile."""
    found = os.walk(Path(settings.MEDIA_ROOT) / "staging")
    return {f"{place}/{name}" for place, _, names in found for name in names if name.startswith("original")}


def check(project: Project, rows: int, bad: set[int], said: list[Path]) -> None:
    assert project.videos.count() == rows - BAD, project.videos.count()
    assert project.videos.values("sha256").distinct().count() == rows - BAD
    reported = dict(re.findall(r"^line (\d+)\b.*: (.+)$", said[-1].read_text(), re.MULTILINE))
    assert {int(line) for line in reported} == bad, reported
    assert all(reported.values())


def make_rows(site: Site, rows: int) -> tuple[Path, set[int]]:
    """A manifest beside its clips, each of other bytes; the numbers of its bad lines."""
    folder = site.folder / "clips"
    folder.mkdir()
    every, lines, bad = rows // BAD, [], set()
    for line in range(1, rows + 1):
        if line % every:
            name = numbered_clip(site.clip(), folder / f"{line}.mp4", line).name
            lines.append({"video": name, "prompt": f"a ball rolls, number {line // 10}"})
        else:
            bad.add(line)
            lines.append(['{"video": "cut off', {"video": "no.mp4", "prompt": "gone"}][line // every % 2])
    return write_manifest(folder / "manifest.jsonl", lines), bad


def start(site: Site, manifest: Path, said: list[Path]) -> subprocess.Popen[bytes]:
    said.append(site.folder / f"import-{len(said)}.log")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "import_videos", str(manifest), "--project", "clips"],
        cwd=ROOT,
        env=environment(site.data),
        stdout=said[-1].open("wb"),
        stderr=subprocess.STDOUT,
    )
    site.stack.callback(process.kill)
    return process
