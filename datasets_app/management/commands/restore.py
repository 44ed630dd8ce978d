"""`manage.py restore`: a backup back into an installation that is empty."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from datasets_app.backup.database import BackupError
from datasets_app.backup.restore import restore


class Command(BaseCommand):
    help = "Take FOLDER, which `backup` made, back into an empty installation; every file is checked first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder that `backup` made")
        parser.add_argument(
            "--link", action="store_true", help="second names instead of copies where the disk is the same"
        )

    def handle(self, *, folder: Path, link: bool, **options: Any) -> None:
        with tqdm(unit="B", unit_scale=True, disable=None, file=sys.stderr) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                made = restore(folder.resolve(), link=link, progress=show)
            except BackupError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{made.rows:,} rows, {made.files:,} files, {made.bytes:,} bytes are back.")
        self.stdout.write("Start the services; a minute later, run verify_invariants.")
