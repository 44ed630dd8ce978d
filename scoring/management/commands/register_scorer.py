"""`register_scorer`: make a scorer's version known, where its weights are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scoring.registry import NoCheckpoint, UnknownScorer, scorers
from scoring.versions import current_version


class Command(BaseCommand):
    help = (
        "Make the version that a scorer answers as with a checkpoint known, so that leads can choose it. Run it "
        "on a machine that scores: a version depends on the weights, which are read, and the device's precision."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scorer", metavar="NAME", help=", ".join(sorted(scorers())))
        parser.add_argument("--checkpoint", default="", metavar="DIR", help="in place of the usual one")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = current_version(options["scorer"], options["checkpoint"])
        except (UnknownScorer, NoCheckpoint) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version}  {version.settings_sha256}")
