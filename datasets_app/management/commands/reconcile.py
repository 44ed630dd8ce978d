"""`manage.py reconcile`: adjust the experts' scores by a scorer's, as VideoFeedback2 did; both stay."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.management.find_project import find_project
from annotation.models import AdjustmentOutcome
from datasets_app.rationales.reconcile import can_be_asked, reconcile
from datasets_app.rationales.runs import UnknownVersion, named_version


class Command(BaseCommand):
    help = (
        "Apply VideoFeedback2's reconciliation to the settled videos of a project and a scorer's suggestions: at "
        "most 1 apart keeps the experts' score, 2 apart takes the mean, 3 apart asks the scorer again, up to "
        "three times. Verdicts stay; releases take the adjusted scores where they are asked to."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--scorer", required=True, metavar="NAME[:HASH]", help="HASH: a version's first digits"
        )
        parser.add_argument("--no-ask", action="store_true", help="queue no further answers of the scorer")

    def handle(self, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            version = named_version(project, options["scorer"])
        except UnknownVersion as error:
            raise CommandError(str(error)) from error
        tally = reconcile(project, version, ask=not options["no_ask"])
        counts = ", ".join(f"{outcome.value} {tally.outcomes[outcome]}" for outcome in AdjustmentOutcome)
        self.stdout.write(f"{version}: {counts}; {tally.without} settled videos without a suggestion.")
        self.stdout.write(f"{tally.changed} adjustments written, {tally.removed} removed.")
        if tally.asked:
            self.stdout.write(f"{tally.asked} further answers queued; run this again once they are there.")
        elif tally.outcomes[AdjustmentOutcome.SENT_BACK] and not can_be_asked(version):
            self.stdout.write(f"{version} cannot be asked again here, so what is sent back stays so.")
