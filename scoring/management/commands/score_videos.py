"""`score_videos`: ask a scorer about every ready video of a project, and follow it if asked to."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models.functions import Now
from tqdm import tqdm

from annotation.management.find_project import find_project
from annotation.models import Project, ScorerVersion
from scoring.jobs import enqueue, retry_failed
from scoring.models import Job, JobState
from scoring.registry import NoCheckpoint, UnknownScorer, queue_of, scorers
from scoring.versions import current_version

LOOK_EVERY = 1.0  # seconds
REASONS_LISTED = 20


class Command(BaseCommand):
    help = (
        "Queue every ready video of a project for a scorer; videos that it was asked about before are left alone. "
        "Workers answer; --wait follows them and ends with status 1 if any video failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--scorer", required=True, metavar="NAME", help=", ".join(sorted(scorers())))
        parser.add_argument("--checkpoint", default="", metavar="DIR", help="in place of the usual one")
        parser.add_argument("--wait", action="store_true", help="follow until all are done or failed")
        parser.add_argument("--retry-failed", action="store_true", help="give failed videos new attempts first")
        parser.add_argument(
            "--patience",
            type=float,
            default=60.0,
            metavar="SECONDS",
            help="with --wait, give up when nothing moves for so long (60)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            version = current_version(options["scorer"], options["checkpoint"])
        except (UnknownScorer, NoCheckpoint) as error:
            raise CommandError(str(error)) from error
        again = retry_failed(version, project) if options["retry_failed"] else 0
        queued = enqueue(version, project.videos.scorable()) + again
        self.stdout.write(_summary(project, version, queued))
        if options["wait"]:
            self._follow(project, version, patience=options["patience"])

    def _follow(self, project: Project, version: ScorerVersion, *, patience: float) -> None:
        """Show progress until nothing is open. Raises `CommandError` when jobs failed or nothing moves."""
        jobs = Job.objects.of(project).filter(scorer_version=version)
        total, started, moved = jobs.count(), time.monotonic(), time.monotonic()
        first = ended = total - jobs.open().count()
        with tqdm(total=total, initial=ended, unit="video", disable=not sys.stderr.isatty()) as bar:
            while ended < total:
                time.sleep(LOOK_EVERY)
                now_ended = total - jobs.open().count()
                running = jobs.filter(state=JobState.LEASED, leased_until__gt=Now()).exists()
                if now_ended > ended or running:
                    moved = time.monotonic()
                bar.update(now_ended - ended)
                ended = now_ended
                if time.monotonic() - moved > patience:
                    raise CommandError(_stuck(version.scorer.name, total - ended, patience))
        seconds = time.monotonic() - started
        failed = jobs.failed().select_related("video").order_by("video__name")
        done = jobs.filter(state=JobState.DONE).count()
        rate = f", {(ended - first) / seconds * 60:.0f} a minute" if ended > first else ""
        self.stdout.write(f"{done} done, {len(failed)} failed{rate}.")
        if failed:
            raise CommandError("\n".join(_reasons(list(failed))))


def _summary(project: Project, version: ScorerVersion, queued: int) -> str:
    scorable, videos = project.videos.scorable().count(), project.videos.count()
    text = f"{queued} of {scorable} videos queued for {version}"
    return f"{text}; {videos - scorable} have no sound file." if videos > scorable else f"{text}."


def _stuck(scorer: str, left: int, patience: float) -> str:
    return (
        f"Nothing has moved for {patience:.0f} s and {left} videos are left. Is a worker running? "
        f"celery -A config worker -Q {queue_of(scorer)} (and beat, for lost jobs). They stay queued."
    )


def _reasons(failed: list[Job]) -> list[str]:
    lines = [f"{len(failed)} failed:"] + [f"  {job.video.name}: {job.reason}" for job in failed[:REASONS_LISTED]]
    if len(failed) > REASONS_LISTED:
        lines.append(f"  and {len(failed) - REASONS_LISTED} more")
    return lines
