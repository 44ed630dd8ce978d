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
from scoring.jobs import MOST_SAMPLES, cancel, enqueue, retry_failed
from scoring.models import Heartbeat, Job, JobQuerySet, JobState
from scoring.registry import NoCheckpoint, UnknownScorer, queue_of, scorers
from scoring.versions import asked_version

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
        parser.add_argument(
            "--samples",
            type=int,
            choices=range(1, MOST_SAMPLES + 1),
            default=1,
            metavar="K",
            help=f"answers a video, 1 to {MOST_SAMPLES}: the first is the suggestion, the others show its spread",
        )
        parser.add_argument("--wait", action="store_true", help="follow until all are done or failed")
        first = parser.add_mutually_exclusive_group()
        first.add_argument("--retry-failed", action="store_true", help="give failed videos new attempts first")
        first.add_argument("--cancel", action="store_true", help="queue nothing: take back what waits")
        parser.add_argument(
            "--patience",
            type=float,
            default=120.0,  # a doorbell that was not heard is rung again within 90
            metavar="SECONDS",
            help="with --wait, give up when nothing moves for so long (120)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            version = asked_version(options["scorer"], options["checkpoint"])
        except (UnknownScorer, NoCheckpoint) as error:
            raise CommandError(str(error)) from error
        if options["cancel"]:
            self.stdout.write(f"{cancel(version, project)} jobs of {version} cancelled; what runs is finished.")
        else:
            again = retry_failed(version, project) if options["retry_failed"] else 0
            queued = enqueue(version, project.videos.scorable(), options["samples"]) + again
            self.stdout.write(_summary(project, version, queued, options["samples"]))
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
                total = bar.total = jobs.count()  # fewer, where somebody cancels
                now_ended = total - jobs.open().count()
                if now_ended > ended or _is_worked_on(version, jobs):
                    moved = time.monotonic()
                bar.update(now_ended - ended)
                ended = now_ended
                if time.monotonic() - moved > patience:
                    raise CommandError(_stuck(version, total - ended, patience))
        seconds = time.monotonic() - started
        failed = jobs.failed().select_related("video").order_by("video__name", "sample")
        done = jobs.filter(state=JobState.DONE).count()
        rate = f", {(ended - first) / seconds * 60:.0f} a minute" if ended > first else ""
        self.stdout.write(f"{done} done, {len(failed)} failed{rate}.")
        if failed:
            raise CommandError("\n".join(_reasons(list(failed))))


def _is_worked_on(version: ScorerVersion, jobs: JobQuerySet) -> bool:
    """A worker has some of the jobs in hand, or is loading the scorer, which takes minutes for a large one."""
    running = jobs.filter(state=JobState.LEASED, leased_until__gt=Now())
    return running.exists() or Heartbeat.objects.loading().filter(scorer_version=version).exists()


def _summary(project: Project, version: ScorerVersion, queued: int, samples: int) -> str:
    scorable, videos = project.videos.scorable().count(), project.videos.count()
    text = f"{queued} of {scorable} videos queued for {version}"
    if samples > 1:
        text = f"{queued} jobs queued for {version}: {scorable} videos, {samples} samples each"
    return f"{text}; {videos - scorable} have no file that can be scored." if videos > scorable else f"{text}."


def _stuck(version: ScorerVersion, left: int, patience: float) -> str:
    queue = queue_of(version.scorer.name)
    troubles = Heartbeat.objects.troubled().filter(scorer_version=version).order_by("worker")
    says = [f" {heart.worker} says: {heart.trouble}" for heart in troubles]
    return (
        f"Nothing has moved for {patience:.0f} s and {left} jobs are left. They stay queued. Is a worker running? "
        f"celery -A config worker -Q {queue} (and beat, for lost jobs).{''.join(says)}"
    )


def _reasons(failed: list[Job]) -> list[str]:
    lines = [f"{len(failed)} failed:"] + [f"  {job.video.name}: {job.reason}" for job in failed[:REASONS_LISTED]]
    if len(failed) > REASONS_LISTED:
        lines.append(f"  and {len(failed) - REASONS_LISTED} more")
    return lines
