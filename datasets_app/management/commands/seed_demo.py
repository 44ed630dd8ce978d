"""`seed_demo`: what `make demo` fills its own database with."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from datasets_app.demo.seed import Incomplete, seed
from scoring.protocol import ScorerUnavailable
from scoring.registry import NoCheckpoint, UnknownScorer


class Command(BaseCommand):
    help = (
        "Make the tables and fill them with the demo project. Safe to run twice. "
        "Its logins have a public password, so it is refused when DEBUG is off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scorer", default="technical", help="who makes the suggestions (default technical)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo's passwords are public; it is for DEBUG=1 only.")
        call_command("migrate", verbosity=0)
        try:
            seed(Path(settings.DATA_DIR) / "clips", options["scorer"], say=self.say)
        except (UnknownScorer, NoCheckpoint, ScorerUnavailable, Incomplete) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            sys.exit(130)

    def say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
