"""`manage.py best_of`: rank the videos of each prompt, say how good the picks are, write picks and pairs."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.find_project import find_project
from datasets_app.disk import sync
from datasets_app.picks.lines import KINDS, pair_lines, pick_lines
from scoring.best_of.picks import picks
from scoring.best_of.rank import EQUAL, Floats, N
from scoring.best_of.score_picks import PickFigures
from scoring.evaluation.find_version import NoSuchVersion, find_version


class Command(BaseCommand):
    help = (
        "Rank the videos of each prompt by a scorer's expected scores, write the picks, and say how often a pick "
        "is the humans' best, by raters who had not seen the model, beside a random pick."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--scorer", required=True, metavar="NAME[:HASH]", help="the version that answered last, or that one"
        )
        parser.add_argument(
            "--weights", type=_weights, default=EQUAL, metavar="V,T,P", help="of the dimensions (default 1,1,1)"
        )
        parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="picks, .csv or .jsonl")
        parser.add_argument("--pairs", type=Path, metavar="FILE", help="preference pairs by the scorer, .jsonl")
        parser.add_argument("--margin", type=_margin, default=1.0, help="of the pairs, 0 to 4 (default 1)")

    def handle(self, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            version = find_version(project, options["scorer"])
        except NoSuchVersion as error:
            raise CommandError(str(error)) from error
        kind = options["output"].suffix.removeprefix(".")
        if kind not in KINDS:
            raise CommandError(f"{options['output']}: the file's name has to end in .csv or .jsonl.")
        found = picks(project, version, options["weights"])
        try:
            lines = _write(options["output"], pick_lines(project, found, kind)) - (kind == "csv")
            self.stdout.write(f"{version}: {lines} picks in {options['output']}")
            if options["pairs"]:
                pairs = _write(options["pairs"], pair_lines(project, version, found, options["margin"]))
                self.stdout.write(f"{pairs} pairs by the model's own scores in {options['pairs']}")
        except OSError as error:
            raise CommandError(f"The file could not be written: {error}") from error
        self._report(found.figures(project.seed))

    def _report(self, figures: PickFigures | None) -> None:
        if figures is None:
            self.stdout.write("no prompt has two ranked videos that raters scored without seeing the model")
            return
        hit, score = figures.hit, figures.pick_score
        between = f" (95 %: {hit.low:.1%} to {hit.high:.1%})" if hit.low is not None else ""
        rater = f", one rater against the others {figures.rater:.1%}" if figures.rater is not None else ""
        self.stdout.write(
            f"{figures.prompts} prompts, {figures.videos} videos: the pick is the humans' best in {hit.value:.1%}"
            f"{between}; random {figures.chance:.1%}{rater}, most 100.0%"
        )
        self.stdout.write(
            f"mean human score: pick {score.value:.3f}, random {figures.chance_score:.3f}, "
            f"best {figures.best_score:.3f}"
        )


def _write(path: Path, lines: Iterable[bytes]) -> int:
    """Write beside the file and give it its name at the end; how many lines it were."""
    part = path.with_name(f".{path.name}.part")
    written = 0
    try:
        with part.open("wb") as file:
            for line in lines:
                file.write(line)
                written += 1
        sync(part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def _weights(text: str) -> Floats:
    try:
        weights = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if len(weights) != N or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise argparse.ArgumentTypeError("three weights, none negative and one above 0, as 1,0.5,1")
    return weights


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not 0 <= margin <= 4:
        raise argparse.ArgumentTypeError("lies between 0 and 4")
    return margin
