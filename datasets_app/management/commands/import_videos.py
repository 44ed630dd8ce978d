"""`import_videos MANIFEST.jsonl --project SLUG`: bring the videos of a manifest into a project."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.management.find_project import find_project
from annotation.models import MediaState, Project
from datasets_app.intake.locate import Addresses, Folder
from datasets_app.intake.run_command import take_up
from datasets_app.intake.run_import import LeaseLost, end, work_on
from datasets_app.media import limits
from datasets_app.media.prepare import prepare_waiting
from datasets_app.models import Import, ImportState

A_DAY = 24 * 60 * 60


class Command(BaseCommand):
    help = (
        "Import the videos of a manifest: one JSON object a line with `video` (a path inside --root, or an "
        "address where IMPORT_URLS or IMPORT_URL_ALLOW is set), `prompt`, optionally `t2v_model`, `video_name`, "
        "`prompt_source`, `tier`; other keys become metadata. MP4, MOV, WebM, MKV and GIF up to "
        f"{limits.MAX_SECONDS:.0f} seconds and 3840x2160 are taken. Rows that cannot be used are reported with "
        "line and reason while the others land; the exit status is then 1. An import that was stopped goes on "
        "where it stopped when it is run again. Safe to repeat: a video is known by its file, prompt and T2V "
        "model, and stays as it is; only an empty tier or prompt source is filled in. A worker then makes posters "
        "and browser copies, or --prepare does it here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path, metavar="MANIFEST.jsonl")
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--root", type=Path, metavar="DIR", help="where paths begin; else the manifest's folder"
        )
        parser.add_argument("--prepare", action="store_true", help="make posters and browser copies here and now")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        root = options["root"] or options["manifest"].parent
        if not os.access(root, os.R_OK | os.X_OK) or not root.is_dir():
            raise CommandError(f"{root} is not a folder that can be read.")
        run = self.import_all(project, options["manifest"], root)
        for row in run.refused.iterator():
            self.stderr.write(str(row))
        self.stdout.write(
            f"{project.slug}: {run.new} new, {run.already_there} already there, {run.refused_count} refused."
        )
        if options["prepare"]:
            self.prepare(project)
        if not run.line_done:
            raise CommandError("the manifest is empty")
        if run.refused_count:
            raise CommandError(f"rows refused: {run.refused_count}")

    def import_all(self, project: Project, manifest: Path, root: Path) -> Import:
        """The finished import, whose figures count what earlier runs of this command did before they stopped."""
        try:
            run = take_up(project, manifest, root)
            if run.line_done:
                self.stdout.write(f"Going on after line {run.line_done} of {run.lines}.")
            with manifest.open("rb") as rows, with_bar(run) as bar:
                work_on(run, rows, Addresses(Folder(root)), progress=bar)
        except LeaseLost:
            raise CommandError("the same import was started again elsewhere and goes on there") from None
        except OSError as error:
            place = error.filename or manifest
            raise CommandError(f"{place}: {error.strerror}. Run it again to go on where it stopped.") from None
        end(run, ImportState.DONE, "")
        run.refresh_from_db()
        return run

    def prepare(self, project: Project) -> None:
        """Make what browsers need, and say what failed."""
        ready = prepare_waiting(project, for_seconds=A_DAY)
        self.stdout.write(f"{ready} prepared for browsers.")
        for video in project.videos.filter(media_state=MediaState.FAILED).order_by("pk"):
            self.stderr.write(f"{video.name}: {video.media_reason}")


@contextmanager
def with_bar(run: Import) -> Iterator[Callable[[int], object]]:
    """What to call with each line that is done; it shows a progress bar when a person is looking."""
    with tqdm(total=run.lines, initial=run.line_done, unit="row", disable=not sys.stderr.isatty()) as bar:
        yield lambda line: bar.update(line - bar.n)
