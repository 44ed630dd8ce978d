"""Taking one video down: its rows, its files, and word of the releases that hold it."""

from dataclasses import dataclass

from django.db import transaction

from annotation.audit import record
from annotation.models import AuditKind, Prompt, Rating, User, Video
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.jsonl import read_lines
from datasets_app.releases.splits import normalise_prompt
from datasets_app.releases.video_index import INDEX
from datasets_app.takedown.rows import delete_videos, hold


@dataclass(frozen=True)
class Holding:
    """A release that holds a video, or one that may: it is being built, or its list of videos cannot be read."""

    release: Release
    sure: bool


@transaction.atomic
def take_down(video: Video, *, by: User | None = None) -> None:
    """Delete a video with everything that was made of it; its prompt, too, where no other video has it.

    Built releases stay as they are, and what they taught stays known: by the hash of the prompt, in the log.
    """
    if not hold(video.project, [video]):
        return  # somebody else has just done it
    ratings = Rating.objects.firsts().filter(video=video).count()
    prompt_sha256 = Prompt.hash_text(normalise_prompt(video.prompt.text))
    delete_videos([video])
    Prompt.objects.filter(pk=video.prompt_id, videos=None).delete()
    record(
        AuditKind.VIDEO_DELETED,
        by=by,
        project=video.project,
        subject=video.name,
        sha256=video.sha256,
        prompt_sha256=prompt_sha256,
        ratings=ratings,
    )


def releases_with(video: Video) -> list[Holding]:
    """The project's releases that hold this video's file, or a record of it; newest first.

    One that is being built has read its rows, and keeps what is taken down meanwhile.
    """
    begun = [ReleaseState.BUILDING, ReleaseState.DONE]
    built = Release.objects.filter(project=video.project_id, state__in=begun)
    found = [(release, _holds(release, video)) for release in built]
    return [Holding(release, holds is not None) for release, holds in found if holds is not False]


def _holds(release: Release, video: Video) -> bool | None:
    """None where the release has no readable list of its videos."""
    try:
        with (release.folder / INDEX).open("rb") as file:
            return any(_is(line, video) for _, line in read_lines(file))
    except (OSError, TypeError, KeyError, ValueError):
        return None


def _is(line: dict[str, object], video: Video) -> bool:
    same_file = bool(video.sha256) and line["sha256"] == video.sha256
    return same_file or line["video_name"] == video.name
