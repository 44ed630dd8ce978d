"""`manage.py verify_release`: every file of a release against its manifest, the manifest against the database."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.management.find_project import find_project
from datasets_app.management.find_release import find_release
from datasets_app.releases.release_manifest import MANIFEST, differences, read_manifest


class Command(BaseCommand):
    help = "Check a release's files against their sha256; exit 1 and the files' names when something is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, metavar="FOLDER", help="any folder with a manifest.json"
        )
        parser.add_argument("--project", metavar="SLUG", help="a project's release: its manifest is checked too")
        parser.add_argument("--number", type=int, metavar="N", help="the release's number")

    def handle(self, **options: Any) -> None:
        folder, sha256 = _place(options)
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        with tqdm(unit="B", unit_scale=True, disable=None, file=sys.stderr) as bar:
            wrong = differences(
                folder, manifest_sha256=sha256, progress=lambda done, total: _show(bar, done, total)
            )
        for sentence in wrong:
            self.stdout.write(sentence)
        if wrong:
            raise CommandError(f"{folder}: {len(wrong)} wrong.")
        files = read_manifest(folder / MANIFEST)
        size = sum(size for _, size in files.values())
        self.stdout.write(f"{folder}: {len(files)} files, {size:,} bytes, all as {MANIFEST} says.")


def _place(options: dict[str, Any]) -> tuple[Path, str]:
    """The folder, and the manifest's sha256 where the database knows it."""
    folder, slug, number = options["folder"], options["project"], options["number"]
    if (folder is None) == (slug is None) or (slug is None) != (number is None):
        raise CommandError("Name a FOLDER, or --project SLUG and --number N.")
    if folder is not None:
        return folder, ""
    release = find_release(find_project(slug), number)
    return release.folder, release.manifest_sha256


def _show(bar: "tqdm[Any]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
