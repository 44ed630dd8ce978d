"""`verify_scorer`: whether a scorer and its checkpoint work on this machine as they should."""

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scoring.drawn_clips import draw_unlike_clips
from scoring.protocol import Question
from scoring.registry import UnknownScorer, scorers
from scoring.verify import Check, verify


class Command(BaseCommand):
    help = (
        "Check a scorer with its checkpoint: files, tokens, settings, and answers about clips (drawn if none "
        "are given). Nothing is stored. Ends with status 1 if a check fails."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scorer", metavar="NAME", help=", ".join(sorted(scorers())))
        parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="videos to ask about")
        parser.add_argument("--prompt", default="A short video.", metavar="TEXT", help="what the CLIPs show")
        parser.add_argument(
            "--manifest", type=Path, metavar="FILE.jsonl", help="lines with video and prompt, in place of CLIPs"
        )
        parser.add_argument("--checkpoint", default="", metavar="DIR", help="in place of the usual one")
        parser.add_argument("--json", action="store_true", help="print one JSON object a check")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        with _questions(options["clips"], options["prompt"], options["manifest"]) as questions:
            try:
                for check in verify(options["scorer"], options["checkpoint"], questions):
                    failed += not check.ok
                    self.stdout.write(json.dumps(asdict(check)) if options["json"] else _line(check))
                    self.stdout.flush()
            except UnknownScorer as error:
                raise CommandError(str(error)) from error
        if failed:
            raise CommandError(f"{failed} check{'s' * (failed > 1)} failed.")


def _line(check: Check) -> str:
    if check.ok:
        return f"ok      {check.name}: {check.found}"
    return f"FAILED  {check.name}: {check.found}\n        {check.todo}"


@contextmanager
def _questions(clips: list[Path], prompt: str, manifest: Path | None) -> Iterator[list[Question]]:
    """The questions to ask; drawn clips live as long as the context. Raises `CommandError`."""
    if clips and manifest:
        raise CommandError("Give CLIPs or a --manifest, not both.")
    if manifest:
        yield _read(manifest)
    elif clips:
        yield [Question(clip.resolve(), prompt) for clip in clips]
    else:
        with tempfile.TemporaryDirectory(prefix="drawn-clips-") as folder:
            yield [Question(path, words) for path, words in draw_unlike_clips(Path(folder))]


def _read(manifest: Path) -> list[Question]:
    """A manifest's videos, beside it unless their paths are absolute. Raises `CommandError`."""
    questions = []
    try:
        for line in filter(str.strip, manifest.read_text(encoding="utf-8").splitlines()):
            row = json.loads(line)
            questions.append(Question(manifest.resolve().parent / row["video"], row["prompt"]))
    except OSError as error:
        raise CommandError(f"{manifest} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{manifest} cannot be read as a manifest: {error!r}") from error
    if not questions:
        raise CommandError(f"{manifest} names no videos.")
    return questions
