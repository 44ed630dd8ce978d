"""`manage.py import_annotations`: records or a raw annotation export into a project."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.management.find_project import find_project
from annotation.models import Arm
from datasets_app.opinions.import_annotations import Outcome, import_annotations
from datasets_app.opinions.import_rater import IMPORTED_RATER, NoSuchRater, find_rater
from datasets_app.opinions.read_annotations import UnreadableFileError, read_annotations


class Command(BaseCommand):
    help = (
        "Import ratings from records (a JSON list or JSON Lines) or from a raw annotation export. Videos that are "
        "not in the project are made without a file. Safe to run twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--rater", default="", metavar="NAME", help=f"whose ratings ({IMPORTED_RATER})")
        parser.add_argument(
            "--arm", choices=Arm.values, default=Arm.BLIND.value, help="what that rater saw (blind)"
        )

    def handle(self, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            with options["file"].open("rb") as file, tqdm(unit=" rows", disable=None, file=sys.stderr) as bar:
                outcome = import_annotations(
                    project,
                    read_annotations(file),
                    rater=find_rater(project, options["rater"]),
                    arm=options["arm"],
                    progress=lambda rows: bar.update(rows - bar.n),
                )
        except (NoSuchRater, UnreadableFileError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror or error}.") from error
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        for refused in outcome.refused:
            self.stderr.write(f"{refused.place}: {refused.reason}")
        self.stdout.write(
            f"{outcome.rows} rows: {outcome.new_ratings} new ratings, {outcome.changed_ratings} changed, "
            f"{outcome.unchanged_ratings} unchanged, {outcome.unrated} unrated; {outcome.extra_ratings} beyond "
            f"the overlap; {outcome.new_videos} videos without a file; {outcome.suggestions} suggestions"
        )
        if outcome.refused:
            raise CommandError(
                f"{len(outcome.refused)} of {outcome.rows} rows were refused; the others are stored."
            )
