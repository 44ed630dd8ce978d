"""`manage.py export_dataset`: write records, sft or rl into a folder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.management.find_project import find_project
from datasets_app.models import ReleaseFormat
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Counts, ExportError, Options
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import parse_split
from datasets_app.releases.staged_folder import FolderTakenError


class Command(BaseCommand):
    help = "Write a dataset from a project's verdicts. The same inputs give the same bytes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--format", required=True, choices=ReleaseFormat.values)
        parser.add_argument(
            "--output", required=True, type=Path, metavar="DIR", help="a folder that is not there yet"
        )
        parser.add_argument("--no-cot", action="store_true", help="sft answers without reasoning")
        parser.add_argument(
            "--rationale",
            choices=RationaleSource.values,
            default="",
            help="source of the reasoning; by default imported where there is one, else expert",
        )
        parser.add_argument("--split", type=_split, default={}, metavar="train=0.9,test=0.1", help="by prompt")
        parser.add_argument("--seed", type=int, default=0, help="of the split (default 0)")

    def handle(self, **options: Any) -> None:
        project = find_project(options["project"])
        names = ("format", "no_cot", "rationale", "split", "seed")
        try:
            with tqdm(unit=" videos", disable=None, file=sys.stderr) as bar:
                asked = Options(**{name: options[name] for name in names})
                counts = export_dataset(
                    project, asked, options["output"], lambda done, total: _show(bar, done, total)
                )
        except (ExportError, FolderTakenError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The dataset could not be written, nothing is left of it: {error}") from error
        self._report(counts, options["output"])

    def _report(self, counts: Counts, output: Path) -> None:
        for reason, number in sorted(counts.left_out.items()):
            self.stdout.write(f"left out: {number} ({reason})")
        if counts.stripped_lines:
            self.stdout.write(f"stripped: {counts.stripped_lines} lines that gave scores away")
        splits = ", ".join(f"{name} {number}" for name, number in sorted(counts.splits.items()))
        there = "already there, unchanged" if counts.already_there else "written"
        self.stdout.write(
            f"{there}: {counts.records} records of {counts.verdicts} verdicts ({splits}) in {output}"
        )


def _split(text: str) -> dict[str, float]:
    try:
        return parse_split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _show(bar: "tqdm[Any]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
