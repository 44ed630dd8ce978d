"""An import killed with -9 at random moments, again and again, ends with every row once and every bad row named once."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

from annotation.models import Prompt, Seat
from datasets_app.intake import staging
from datasets_app.models import Import, RefusedRow
from tests.make import draw_clip, make_project
from tests.worker import environment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

BAD_EVERY = 100  # one bad line after so many good ones
GOING_ON = "Going on after line"


def write_manifest(root: Path, rows: int) -> Path:
    """A manifest of so many different files of one small clip, and bad lines in between."""
    clip = draw_clip(root / "base.mp4", frames=4, size=(32, 32)).read_bytes()
    lines = []
    for number in range(rows):
        path = root / f"{number // 1000}/{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(clip + b"\0\0\0\x10free" + number.to_bytes(8))
        name = str(path.relative_to(root))
        lines.append(json.dumps({"video": name, "prompt": f"a red ball {number // 10}", "t2v_model": "M"}))
        if number % BAD_EVERY == BAD_EVERY - 1:
            lines.append(f"bad {number}")
    manifest = root / "manifest.jsonl"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


# `import_videos` with batches so small that there are moments between them.
IN_SMALL_BATCHES = """
import sys, django
from django.core.management import execute_from_command_line
django.setup()
from datasets_app.intake import ingest, look
ingest.BATCH_ROWS = look.CHUNK_ROWS = int(sys.argv.pop(1))
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


class Command:
    """`import_videos` as a process of its own, on the tests' database."""

    def __init__(self, manifest: Path, batch: int) -> None:
        self.child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                IN_SMALL_BATCHES,
                str(batch),
                "import_videos",
                str(manifest),
                "--project",
                "study",
            ],
            env=environment(Path(settings.MEDIA_ROOT).parent, DJANGO_SETTINGS_MODULE="config.settings"),
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_past(self, line: int, moment: float) -> None:
        """Kill it so many seconds after it stored this line."""
        try:
            wait_until(lambda: self.is_past(line), seconds=600, every=0.02)
            time.sleep(moment)  # any moment will do: what is told does not depend on it
        finally:
            self.child.kill()
            self.child.communicate()

    def is_past(self, line: int) -> bool:
        return self.child.poll() is not None or Import.objects.filter(line_done__gte=line).exists()


def kill_and_finish(manifest: Path, *, rows: int, kills: int, batch: int) -> tuple[str, str]:
    """Kill as many imports, each somewhere past the next share of the lines, and let the last one finish."""
    dice = random.Random(4)
    for kill in range(kills):
        Command(manifest, batch).kill_past(kill * rows // (kills + 1), dice.uniform(0, 0.1))
    return Command(manifest, batch).child.communicate(timeout=1800)


def assert_all_there_once(out: str, err: str, *, rows: int) -> None:
    project = Import.objects.get().project
    bad = [number * (BAD_EVERY + 1) for number in range(1, rows // BAD_EVERY + 1)]
    assert GOING_ON in out
    assert f"study: {rows} new, 0 already there, {len(bad)} refused." in out
    reported = [line for line in err.splitlines() if line.startswith("line ")]
    assert [int(line.split()[1].rstrip(",")) for line in reported] == bad
    assert all("The line is not JSON" in line for line in reported)
    assert list(RefusedRow.objects.values_list("line", flat=True)) == bad

    media = Path(settings.MEDIA_ROOT)
    videos = project.videos.values_list("original", "sha256", "name")
    assert len(videos) == len({sha256 for _, sha256, _ in videos}) == rows
    assert {name for _, _, name in videos} == {str(number) for number in range(rows)}
    assert {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()} == {
        original for original, _, _ in videos
    }
    assert Seat.objects.count() == rows * project.overlap
    assert Prompt.objects.count() == rows // 10
    assert not list(staging.staging_root().iterdir())


def test_three_hundred_rows_killed_three_times(tmp_path):
    make_project("study", overlap=2)
    manifest = write_manifest(tmp_path, 300)
    assert_all_there_once(*kill_and_finish(manifest, rows=300, kills=3, batch=20), rows=300)


@pytest.mark.long
def test_a_hundred_thousand_rows_killed_ten_times(tmp_path):
    make_project("study", overlap=2)
    manifest = write_manifest(tmp_path, 100_000)
    assert_all_there_once(*kill_and_finish(manifest, rows=100_000, kills=10, batch=500), rows=100_000)
