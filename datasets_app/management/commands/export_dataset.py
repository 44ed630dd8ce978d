"""`manage.py export_dataset`: write a release into a folder, or say what it would hold."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.audit import record
from annotation.management.find_project import find_project
from annotation.models import Arm, AuditKind, Project, ScorerVersion
from annotation.scale import DIMENSIONS
from datasets_app.models import ReleaseFormat
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Counts, ExportError, OnLeak, Options, Policy, VideoFiles
from datasets_app.releases.licence import Licence
from datasets_app.releases.preview import Preview, preview
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import parse_split
from datasets_app.releases.staged_folder import FolderTakenError

ASKED = (
    "formats", "no_cot", "rationale", "split", "seed", "policy", "min_ratings", "arms", "reviewed_only",
    "t2v_models", "prompt_sources", "since", "until", "videos", "on_leak", "margin", "licence",
)  # fmt: skip


class Command(BaseCommand):
    help = "Write a dataset from a project's ratings. The same inputs give the same bytes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--output", type=Path, metavar="DIR", help="a folder that is not there yet")
        parser.add_argument("--dry-run", action="store_true", help="say what it would hold; write nothing")
        self._add_forms(parser)
        self._add_choice(parser)

    def _add_forms(self, parser: CommandParser) -> None:
        add = parser.add_argument_group("what is written").add_argument
        several = "may be given more than once: one folder, one videos/"
        formats = ReleaseFormat.values
        add("--format", required=True, action="append", choices=formats, dest="formats", help=several)
        add("--no-cot", action="store_true", help="sft answers without reasoning")
        source = "source of the reasoning; by default edited where there is one, else imported, else expert"
        add("--rationale", choices=RationaleSource.values, default="", help=source)
        add("--split", type=_split, default={}, metavar="train=0.9,test=0.1", help="by prompt")
        add("--seed", type=int, default=0, help="of the split (default 0)")
        add("--videos", choices=VideoFiles.values, default=VideoFiles.LINK.value, help="how files come in (link)")
        add(
            "--on-leak", choices=OnLeak.values, default=OnLeak.REFUSE.value, help="one file in two splits (refuse)"
        )
        add(
            "--licence",
            choices=Licence.values,
            default=Licence.UNKNOWN.value,
            help="of the dataset card (unknown)",
        )
        add("--margin", type=float, default=1.0, help="of mean scores between preferred and other video (1)")

    def _add_choice(self, parser: CommandParser) -> None:
        add = parser.add_argument_group("what it is made of").add_argument
        policy = "settled: verdicts, with reviewers' scores; median: of the ratings alone (default settled)"
        add("--policy", choices=Policy.values, default=Policy.SETTLED.value, help=policy)
        add("--min-ratings", type=int, default=1, metavar="N", help="that count, of each video (1)")
        add(
            "--arm", action="append", choices=Arm.values, default=[], dest="arms", help="of the ratings that count"
        )
        add("--since", default="", metavar="DAY", help="of the ratings that count, as 2026-11-21 (UTC, included)")
        add("--until", default="", metavar="DAY", help="the same, the last day")
        add("--reviewed-only", action="store_true", help="only videos that a reviewer accepted or fixed last")
        add("--t2v-model", action="append", default=[], metavar="NAME", dest="t2v_models")
        add("--prompt-source", action="append", default=[], metavar="NAME", dest="prompt_sources")
        reconcile = "take the adjustments beside this scorer in the verdicts' place; HASH begins a version's"
        add("--reconcile", default="", metavar="SCORER[:HASH]", help=reconcile)

    def handle(self, **options: Any) -> None:
        project, output = find_project(options["project"]), options["output"]
        if output is None and not options["dry_run"]:
            raise CommandError("Where to? Name a folder with --output, or ask for a --dry-run.")
        try:
            version = _scorer_version(options["reconcile"])
            asked = Options(**{name: options[name] for name in ASKED}, reconcile=version.pk if version else None)
            foretold = preview(project, asked) if options["dry_run"] else None
            counts = None if foretold else _export(project, asked, output)
        except (ExportError, FolderTakenError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The dataset could not be written, nothing is left of it: {error}") from error
        if foretold:
            self._foretell(foretold, asked)
        if counts and not counts.already_there:
            made = {"formats": asked.formats, "videos": counts.videos, "folder": output.resolve()}
            record(AuditKind.EXPORTED, by=None, project=project, **made)
        if counts:
            self._report(counts, output)

    def _report(self, counts: Counts, output: Path) -> None:
        self._left_out(counts.left_out)
        if counts.stripped_lines:
            self.stdout.write(f"stripped: {counts.stripped_lines} lines that gave scores away")
        if counts.duplicates:
            self.stdout.write(f"repeated: {counts.duplicates} videos have another's file")
        files = ", ".join(f"{stem} {number}" for stem, number in sorted(counts.splits.items()))
        there = "already there, unchanged" if counts.already_there else "written"
        self.stdout.write(f"{there}: {counts.videos} videos ({files}) in {output}")

    def _foretell(self, counted: Preview, asked: Options) -> None:
        self.stdout.write(
            f"chosen: {counted.videos} videos of {counted.prompts} prompts, {counted.ratings} ratings"
        )
        self._left_out(counted.left_out_about)
        for dimension in DIMENSIONS:
            shares = ", ".join(f"{score}: {n}" for score, n in enumerate(counted.scores[dimension.key], start=1))
            self.stdout.write(f"{dimension.output_name}: {shares}")
        tables = {
            "records, about": {name: counted.records_about[name] for name in asked.formats},
            "splits": {name: counted.splits[name] for name in asked.split},
            "T2V models": counted.t2v_models,
            "tiers": counted.tiers,
            "prompt sources": counted.prompt_sources,
            "ratings by arm": counted.arms,
            "reasoning, about": counted.rationales_about,
        }
        for what, counts in tables.items():
            if counts:
                shown = ", ".join(f"{name or 'unknown'} {n}" for name, n in counts.items())
                self.stdout.write(f"{what}: {shown}")
        self.stdout.write(f"in two splits: {counted.leaks} videos; repeated: {counted.duplicates}")

    def _left_out(self, left_out: dict[str, Any]) -> None:
        for name, reasons in sorted(left_out.items()):
            of = f" of {name}" if name else ""
            for reason, number in sorted(reasons.items()):
                self.stdout.write(f"left out{of}: {number} ({reason})")


def _export(project: Project, asked: Options, output: Path) -> Counts:
    with tqdm(unit=" videos", disable=None, file=sys.stderr) as bar:
        return export_dataset(project, asked, output, lambda done, total: _show(bar, done, total))


def _scorer_version(named: str) -> ScorerVersion | None:
    """The version that `SCORER` or `SCORER:HASH` means. Raises ExportError unless it is exactly one."""
    if not named:
        return None
    scorer, _, prefix = named.partition(":")
    versions = ScorerVersion.objects.filter(scorer__name=scorer, settings_sha256__startswith=prefix)
    found = list(versions.select_related("scorer").order_by("pk"))
    if len(found) == 1:
        return found[0]
    known = found or list(ScorerVersion.objects.select_related("scorer").order_by("pk"))
    names = ", ".join(f"{version.scorer.name}:{version.settings_sha256[:8]}" for version in known)
    what = "There is more than one scorer version" if found else "There is no scorer version"
    raise ExportError(f"{what} {named!r}, {'name one of' if found else 'only'} {names or 'none'}.")


def _split(text: str) -> dict[str, float]:
    try:
        return parse_split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _show(bar: "tqdm[Any]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
