"""`manage.py verify_invariants`: one line a promise; exit 1 and the rows' names when one is broken."""

import os
from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from datasets_app.invariants.check import Invariant, invariants

NAMED = 10  # rows named per promise


class Command(BaseCommand):
    help = "What must hold whatever broke: ratings, seats, leases, jobs, releases, files, reviews, rationales."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--acks",
            type=Path,
            metavar="FILE",
            help="log of acknowledged ratings, one submit answer (JSON) a line",
        )

    def handle(self, *args: Any, acks: Path | None = None, **options: Any) -> None:
        if acks is not None and not (os.access(acks, os.R_OK) and acks.is_file()):
            raise CommandError(f"{acks} is not a file that can be read.")
        broken = [invariant.name for invariant in invariants(acks) if not self._holds(invariant)]
        if broken:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _holds(self, invariant: Invariant) -> bool:
        rows = invariant.broken()
        named = list(islice(rows, NAMED))
        if not named:
            self.stdout.write(f"{invariant.name} holds   {invariant.says}.")
            return True
        more = sum(1 for _ in rows)
        rest = f"; and {more} more" if more else ""
        self.stdout.write(f"{invariant.name} BROKEN  {invariant.says}: {'; '.join(named)}{rest}")
        return False
