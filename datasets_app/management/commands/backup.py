"""`manage.py backup`: the database and its files, as they are at one moment, in a new folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from datasets_app.backup.back_up import back_up
from datasets_app.backup.database import BackupError

NAMED = 10  # missing files that are named


class Command(BaseCommand):
    help = "Write database, videos and releases into FOLDER; people may work meanwhile. `restore` takes it back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="must not be there yet, or be empty")
        parser.add_argument(
            "--link", action="store_true", help="second names instead of copies where the disk is the same"
        )

    def handle(self, *, folder: Path, link: bool, **options: Any) -> None:
        try:
            made = back_up(folder.resolve(), link=link)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{folder}: {made.rows:,} rows, {made.files:,} files, {made.bytes:,} bytes.")
        if made.missing:
            named = ", ".join(made.missing[:NAMED])
            raise CommandError(
                f"The backup is kept, but {len(made.missing)} files that rows name were not there: {named}. "
                "If something was deleted meanwhile, make another one; else see verify_invariants."
            )
