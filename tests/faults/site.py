"""One fault's installation: processes that end with it, files that videos share, and the check at its end."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command

from annotation.models import Project, Video
from tests.faults.raters import Rater, write_acks
from tests.faults.services import ROOT, Beat, Postgres, Redis, Web
from tests.make import draw_clip, make_project, make_prompt, make_video
from tests.worker import Worker, environment, wait_until


class Site:
    """What a fault is done to. Whatever it starts is stopped at its end."""

    def __init__(self, folder: Path, postgres: Postgres, redis: Redis, *, full: bool) -> None:
        self.folder, self.postgres, self.redis, self.full = folder, postgres, redis, full
        self.data = Path(settings.DATA_DIR)
        self.acks = folder / "acks.jsonl"
        self.stack = ExitStack()

    def web(self, **more: str) -> Web:
        web = Web(self.data, **more)
        self.stack.callback(web.stop)
        wait_until(web.answers, seconds=90)
        return web

    def worker(self, *, processes: int = 1, lease_seconds: int = 4, **more: str) -> Worker:
        worker = Worker(self.data, processes=processes, lease_seconds=lease_seconds, **more)
        self.stack.callback(worker.kill)
        wait_until(worker.ready, seconds=90)
        return worker

    def beat(self) -> Beat:
        beat = Beat(self.data)
        self.stack.callback(beat.stop)
        return beat

    def manage(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """`manage.py` in a process of its own."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment(self.data), capture_output=True, text=True, timeout=timeout
        )

    def project_to_rate(self, *, videos: int, overlap: int, slug: str = "study") -> Project:
        """Ready videos, all with the same files, that nobody has rated; no model is shown."""
        project = make_project(slug, overlap=overlap, prefill_percent=0, blind_percent=100)
        files = {"original": "videos/a/o.mp4", "poster": "videos/a/p.jpg", "thumbnails": "videos/a/t.jpg"}
        for name in files.values():
            path = Path(settings.MEDIA_ROOT) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"12345")
        prompts = [make_prompt(project) for _ in range(max(videos // 4, 1))]
        for number in range(videos):
            make_video(project, prompts[number % len(prompts)], bytes=5, **files)
        return project

    def videos_to_score(self, names: Sequence[str], slug: str = "scored") -> list[Video]:
        """Ready videos for the patient scorer, who looks at nothing but the files' names."""
        project = Project.objects.filter(slug=slug).first() or make_project(slug)
        prompt, made = make_prompt(project), []
        root = Path(settings.MEDIA_ROOT) / "videos"
        root.mkdir(parents=True, exist_ok=True)
        (root / "picture.jpg").write_bytes(b"12345")
        for name in names:
            (root / f"{name}.mp4").write_bytes(b"12345")
            pictures = {"poster": "videos/picture.jpg", "thumbnails": "videos/picture.jpg"}
            made.append(make_video(project, prompt, name=name, original=f"videos/{name}.mp4", bytes=5, **pictures))
        return made

    def clip(self) -> Path:
        """A real clip of a few kilobytes."""
        path = self.folder / "clip.mp4"
        return path if path.exists() else draw_clip(path)

    def rate(self, project: Project, port: int, count: int, **options: bool) -> list[Rater]:
        """So many raters at work."""
        raters = [Rater(port, project, number, **options) for number in range(count)]
        for rater in raters:
            rater.start()
        return raters

    def acknowledge(self, raters: list[Rater]) -> int:
        """Wait until the raters have nothing left, and keep what they were told; how many that is."""
        for rater in raters:
            rater.join(240)
        assert not any(rater.is_alive() for rater in raters), "raters did not come to an end within 240 s"
        return write_acks(raters, self.acks)

    def verify(self) -> None:
        """All invariants, with the log of acknowledgements where raters were at work. Raises `AssertionError`."""
        out = StringIO()
        try:
            call_command("verify_invariants", stdout=out, acks=self.acks if self.acks.exists() else None)
        except CommandError as error:
            broken = [line for line in out.getvalue().splitlines() if "BROKEN" in line]
            raise AssertionError(f"{error} {' '.join(broken)}") from None

    def close(self) -> None:
        self.stack.close()


def until(condition: Callable[[], bool], what: str, *, seconds: float = 180) -> float:
    """Seconds until the condition held. Raises `AssertionError` with what was waited for."""
    started = time.monotonic()
    try:
        wait_until(condition, seconds=seconds)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:.0f} s: {what}") from None
    return time.monotonic() - started


def write_manifest(path: Path, rows: Sequence[object]) -> Path:
    """One JSON object a line; a text is written as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def numbered_clip(clip: Path, target: Path, number: int, *, padding: int = 0) -> Path:
    """The same pictures in a file of other bytes: a box that players pass over says the number."""
    note = str(number).encode().ljust(16 + padding, b"\0")
    target.write_bytes(clip.read_bytes() + (8 + len(note)).to_bytes(4, "big") + b"free" + note)
    return target
