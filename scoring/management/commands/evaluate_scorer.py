"""`evaluate_scorer`: how good a scorer is, beside human scores of a project or of a bench file."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from annotation.management.find_project import find_project
from annotation.models import Project, ScorerVersion
from scoring.evaluation.as_text import as_text
from scoring.evaluation.bench_file import UnreadableBench
from scoring.evaluation.bootstrap import MIN_PROMPTS
from scoring.evaluation.compared import Ints
from scoring.evaluation.find_version import NoSuchVersion, find_version
from scoring.evaluation.keep import loaded
from scoring.evaluation.learned import among, seen_by_each, without
from scoring.evaluation.load import Loaded, load
from scoring.evaluation.results import Results, all_intervals, as_json, results
from scoring.evaluation.truth import RATINGS, UNBIASED
from scoring.evaluation.with_files import compare_files, truth_of_file, write_answers

MOST_REPEATS = 100_000


class Command(BaseCommand):
    help = (
        "Compare what a scorer said with what people said: accuracy, within one step, correlations, pairs, "
        "calibration, reward. By default only with ratings of people who had not seen the model."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", metavar="SLUG")
        parser.add_argument("--scorer", metavar="NAME[:HASH]", help="the newest version with answers, or this one")
        parser.add_argument("--against", default="", metavar="NAME[:HASH]", help="a second version, side by side")
        parser.add_argument("--ratings", choices=list(RATINGS), default=UNBIASED, help="(unbiased)")
        parser.add_argument(
            "--held-out", action="store_true", help="only videos that no version named here was trained on"
        )
        parser.add_argument("--bench", type=Path, metavar="FILE", help="human scores from this file instead")
        parser.add_argument(
            "--predictions", type=Path, metavar="FILE", help="with --bench, without a project: two files"
        )
        parser.add_argument(
            "--write-bench", type=Path, metavar="FILE", help="write the scorer's answers as such a file"
        )
        parser.add_argument("--intervals", type=int, default=0, metavar="N", help="bootstrap repeats (0: none)")
        parser.add_argument("--seed", type=int, help="of the intervals (the project's, or 0)")
        parser.add_argument("--json", action="store_true", dest="as_json", help="everything, groups included")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["intervals"] <= MOST_REPEATS:
            raise CommandError(f"--intervals takes 0 to {MOST_REPEATS}.")
        try:
            if options["project"]:
                self._project(find_project(options["project"]), options)
            else:
                self._files(options)
        except (UnreadableBench, NoSuchVersion, FileExistsError) as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:  # whoever read the output has stopped
            raise
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _project(self, project: Project, options: dict[str, Any]) -> None:
        if not options["scorer"] or options["predictions"]:
            raise CommandError(
                "With --project name the --scorer; --predictions is for two files without a project."
            )
        version = find_version(project, options["scorer"])
        versions = [version] + ([find_version(project, options["against"])] if options["against"] else [])
        if len(versions) == 2 and versions[0] == versions[1]:
            raise CommandError(f"{version} cannot be compared with itself.")
        if options["write_bench"]:
            written, left_out = write_answers(project, version, options["write_bench"])
            print(
                f"{options['write_bench']}: {written} answers, {left_out} incomplete ones left out",
                file=sys.stderr,
            )
        seen = seen_by_each(project, versions)
        gone = seen if options["held_out"] else []
        of = [without(one, gone) for one in _load(project, versions, options)]
        self._say(of, [str(one) for one in versions], options, project.seed, seen)

    def _files(self, options: dict[str, Any]) -> None:
        if options["scorer"] or options["against"] or options["write_bench"]:
            raise CommandError("--scorer, --against and --write-bench need a --project.")
        if options["held_out"]:
            raise CommandError("What a version was trained on is known of a --project only.")
        bench = options["bench"] or options["predictions"]
        if bench is None:
            raise CommandError("Name a --project and a --scorer, or a --bench file.")
        found = compare_files(bench, options["predictions"] if options["bench"] else None)
        self._say([found], [str(options["predictions"] or bench)], options, 0)

    def _say(
        self,
        of: list[Loaded],
        names: list[str],
        options: dict[str, Any],
        seed: int,
        seen: Sequence[Ints] = (),
    ) -> None:
        found = results(of)
        trained_on = [among(side.loaded, its) for side, its in zip(found.sides, seen, strict=False)]
        seed = seed if options["seed"] is None else options["seed"]
        said = _intervals(found, options["intervals"], seed) if options["intervals"] else None
        ratings = "bench" if options["bench"] or options["predictions"] else options["ratings"]
        if options["as_json"]:
            asked = {"versions": names, "ratings": ratings, "repeats": options["intervals"], "seed": seed}
            asked |= {"held_out": options["held_out"], "trained_on": trained_on}
            self.stdout.write(json.dumps(asked | as_json(found, said), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(as_text(found, names, ratings, said, trained_on))
        if not found.videos:
            raise CommandError("No video has both a human score and an answer.")


def _load(project: Project, versions: list[ScorerVersion], options: dict[str, Any]) -> list[Loaded]:
    if options["bench"]:
        people = truth_of_file(project, options["bench"])
        return [load(project, version, people) for version in versions]
    return loaded(project, versions, options["ratings"])


def _intervals(found: Results, repeats: int, seed: int) -> dict[str, Any]:
    if found.sides[0].loaded.rows.n_prompts < MIN_PROMPTS:
        print(f"No intervals: they need videos of {MIN_PROMPTS} prompts.", file=sys.stderr)
    with tqdm(unit=" repeats", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return all_intervals(found, repeats=repeats, seed=seed, show=show)
