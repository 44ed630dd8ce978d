"""`score_video`: ask a scorer about one file. Nothing is stored."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.scale import DIMENSIONS
from scoring.as_json import as_json
from scoring.ask import score_batch
from scoring.protocol import Answer, Question, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint, UnknownScorer, load, scorers
from scoring.versions import current_settings


class Command(BaseCommand):
    help = "Score one video file and print the answer; nothing is stored."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--prompt", required=True, metavar="TEXT", help="what the video was made from")
        parser.add_argument("--scorer", required=True, metavar="NAME", help=", ".join(sorted(scorers())))
        parser.add_argument("--checkpoint", default="", metavar="DIR", help="for scorers that take one")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        name, checkpoint = options["scorer"], options["checkpoint"]
        try:
            settings, checkpoint = current_settings(name, checkpoint)
            scorer = load(name, settings, checkpoint)
            (outcome,) = score_batch(scorer, [Question(options["file"].resolve(), options["prompt"])])
        except (UnknownScorer, NoCheckpoint, ScorerUnavailable) as error:
            raise CommandError(str(error)) from error
        if isinstance(outcome, VideoFault):
            raise CommandError(f"{options['file']}: {outcome}")
        self.stdout.write(json.dumps(as_json(outcome), indent=2) if options["json"] else _for_people(outcome))


def _for_people(answer: Answer) -> str:
    lines = []
    for dimension in DIMENSIONS:
        opinion = answer.opinions[dimension.key]
        words = "not judged" if opinion is None else str(opinion.hard_score)
        if opinion and opinion.probabilities:
            chances = opinion.probabilities
            words += f"  (expected {chances.expected_score:.2f}, confidence {chances.confidence:.2f})"
        lines.append(f"{dimension.label}: {words}")
    return "\n".join([*lines, "", answer.rationale, "", f"{answer.frames} frames, {answer.seconds:.1f} s"])
