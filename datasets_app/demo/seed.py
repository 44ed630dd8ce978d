"""Fill the demo: people, clips through the real import, suggestions by the real scorer, simulated ratings."""

from collections.abc import Callable
from pathlib import Path

from annotation.models import MediaState, Project, Rating, ScorerVersion
from annotation.room.ranking import rank_prompts
from datasets_app.demo.cast import CLIPS
from datasets_app.demo.clips import write_clips
from datasets_app.demo.guide import is_one_sent_back, put_examples, send_one_back
from datasets_app.demo.opinions import RATERS
from datasets_app.demo.people import make_people_and_project
from datasets_app.demo.rate import rate_all
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import read_lines
from datasets_app.media.prepare import prepare_waiting
from scoring.drain import drain_jobs
from scoring.jobs import enqueue
from scoring.models import Job
from scoring.versions import current_version

MOST_SECONDS = 600.0  # for a step that takes seconds; a worker would go on with what is left


class Incomplete(Exception):
    """A step left something undone; the message names it."""


def seed(clips_folder: Path, scorer: str, *, say: Callable[[str], None]) -> Project:
    """Bring the demo project to its full state; what is there is left alone, so it is safe to repeat and to kill.

    Raises `UnknownScorer`, `NoCheckpoint`, or `Incomplete` with the reason.
    """
    version = current_version(scorer)
    project = make_people_and_project(version)
    if is_complete(project, scorer):
        return project
    Project.objects.filter(pk=project.pk).update(suggester=version)
    project.suggester = version
    say(f"Drawing {len(CLIPS)} clips ...")
    manifest = write_clips(clips_folder)
    say("Importing them ...")
    with manifest.open("rb") as lines:
        summary = ingest(project, read_lines(lines), Folder(clips_folder))
    if summary.refused:
        raise Incomplete(f"line {summary.refused[0].line} of {manifest}: {summary.refused[0].reason}")
    say("Making posters and thumbnails ...")
    prepare_waiting(project, for_seconds=MOST_SECONDS)
    if failed := project.videos.exclude(media_state=MediaState.READY).first():
        raise Incomplete(f"{failed} is not ready: {failed.media_reason or 'no reason given'}")
    say(f"Asking {scorer}{', a stand-in,' if version.stand_in else ''} for suggestions ...")
    _ask(version, project)
    put_examples(project)
    say("Letting simulated raters rate ...")
    rate_all(project)
    send_one_back(project)
    return project


def _ask(version: ScorerVersion, project: Project) -> None:
    """Let the scorer answer here and now, where otherwise a worker would."""
    enqueue(version, project.videos.all())
    drain_jobs(version, for_seconds=MOST_SECONDS)
    if failed := Job.objects.failed().filter(scorer_version=version, video__project=project).first():
        raise Incomplete(f"{failed.video} has no suggestion: {failed.reason}")
    if Job.objects.open().filter(scorer_version=version, video__project=project).exists():
        raise Incomplete("some clips have no suggestion yet; start again")
    rank_prompts(project)


def is_complete(project: Project, scorer: str) -> bool:
    """Whether the simulated raters are through and a rating went back, with suggestions by this scorer."""
    return (
        project.suggester is not None
        and project.suggester.scorer.name == scorer
        and is_one_sent_back(project)
        and all(
            Rating.objects.firsts().filter(video__project=project, rater__username=rater.username).count()
            >= rater.rates
            for rater in RATERS
        )
    )
