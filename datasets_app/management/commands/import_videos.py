"""`import_videos MANIFEST.jsonl --project SLUG`: bring the videos of a manifest into a project."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.management.find_project import find_project
from annotation.models import MediaState, Project
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import BadRow, Row, count_lines, read_lines
from datasets_app.media import limits
from datasets_app.media.prepare import prepare_waiting

A_DAY = 24 * 60 * 60


class Command(BaseCommand):
    help = (
        "Import the videos of a manifest: one JSON object a line with `video` (a path inside --root) and "
        "`prompt`, optionally `t2v_model`, `video_name`, `prompt_source`, `tier`; other keys become metadata. "
        f"MP4, MOV, WebM, MKV and GIF up to {limits.MAX_SECONDS:.0f} seconds and 3840x2160 are taken. Rows that "
        "cannot be used are reported with line and reason while the others land; the exit status is then 1. Safe "
        "to run twice: a video is known by its file, prompt and T2V model, and stays as it is; only an empty tier "
        "or prompt source is filled in. A worker then makes posters and browser copies, or --prepare does it here."
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
        try:
            manifest = options["manifest"].open("rb")
        except OSError as error:
            raise CommandError(f"{options['manifest']} cannot be read: {error.strerror}.") from None
        try:
            with manifest:
                lines = count_lines(manifest)
                summary = ingest(project, with_bar(read_lines(manifest), lines), Folder(root))
        except OSError as error:
            place = error.filename or options["manifest"]
            raise CommandError(f"{place}: {error.strerror}. Run it again to go on where it stopped.") from None
        for line, reason in summary.refused:
            self.stderr.write(f"line {line}: {reason}")
        self.stdout.write(f"{project.slug}: {summary}.")
        if options["prepare"]:
            self.prepare(project)
        if not summary.line:
            raise CommandError("the manifest is empty")
        if summary.refused:
            raise CommandError(f"rows refused: {len(summary.refused)}")

    def prepare(self, project: Project) -> None:
        """Make what browsers need, and say what failed."""
        ready = prepare_waiting(project, for_seconds=A_DAY)
        self.stdout.write(f"{ready} prepared for browsers.")
        for video in project.videos.filter(media_state=MediaState.FAILED).order_by("pk"):
            self.stderr.write(f"{video.name}: {video.media_reason}")


def with_bar(rows: Iterator[tuple[int, Row | BadRow]], lines: int) -> Iterator[tuple[int, Row | BadRow]]:
    """The rows, with a progress bar when a person is looking."""
    with tqdm(total=lines, unit="row", disable=not sys.stderr.isatty()) as bar:
        for line, row in rows:
            bar.update(line - bar.n)
            yield line, row
