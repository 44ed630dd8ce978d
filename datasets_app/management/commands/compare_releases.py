"""`manage.py compare_releases`: what changed from one release to another."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.find_project import find_project
from annotation.scale import DIMENSIONS
from datasets_app.management.find_release import find_release
from datasets_app.releases.compare_releases import LISTED, CannotCompareError, Comparison, compare_releases


class Command(BaseCommand):
    help = "Say which videos were added, removed, scored anew or moved from release BEFORE to release AFTER."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("before", metavar="BEFORE", help="a release's folder, or its number with --project")
        parser.add_argument("after", metavar="AFTER", help="likewise")
        parser.add_argument("--project", metavar="SLUG", help="the project whose releases are named by number")
        parser.add_argument("--most", type=int, default=LISTED, metavar="N", help="videos named of each kind")

    def handle(self, **options: Any) -> None:
        before, after = (_folder(options[name], options["project"]) for name in ("before", "after"))
        try:
            found = compare_releases(before, after, max(options["most"], 0))
        except CannotCompareError as error:
            raise CommandError(str(error)) from error
        for line in lines(found):
            self.stdout.write(line)


def lines(found: Comparison) -> list[str]:
    """The comparison in words."""
    said = [f"videos: {found.before} before, {found.after} after, {found.same} the same"]
    said += [f"added: {found.added}", *_named(found.added_names, found.added)]
    said += [f"removed: {found.removed}", *_named(found.removed_names, found.removed)]
    said += [f"other scores: {found.rescored}"]
    for dimension in DIMENSIONS:
        steps = sorted(found.steps[dimension.key].items())
        if steps:
            counted = ", ".join(f"{old} to {new}: {n}" for (old, new), n in steps)
            said.append(f"  {dimension.heading}: {counted}")
    changes = [f"{name} {_scores(old)} to {_scores(new)}" for name, old, new in found.rescored_videos]
    said += _named(changes, found.rescored)
    said += [f"other texts: {found.retold}", f"other file: {found.refilmed}"]
    why = " although the splits were drawn alike" if found.moved and found.same_draw else ""
    said += [f"in another split: {found.moved}{why}"]
    moves = [f"{name} from {old or 'no split'} to {new or 'no split'}" for name, old, new in found.moved_videos]
    return said + _named(moves, found.moved)


def _named(names: list[str], of: int) -> list[str]:
    more = of - len(names)
    return [f"  {name}" for name in names] + ([f"  and {more} more"] if more else [])


def _scores(scores: tuple[int, ...]) -> str:
    return "/".join(str(score) for score in scores)


def _folder(named: str, project: str | None) -> Path:
    if project is None:
        return Path(named)
    if not named.isdecimal():
        raise CommandError(f"{named!r} is no release's number; without --project, name folders.")
    return find_release(find_project(project), int(named)).folder
