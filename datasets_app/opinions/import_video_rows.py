"""Find the videos that annotation rows speak of, and make those that are not there: known, not playable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from annotation.copy_in import copy_in
from annotation.models import MediaState, Project, Prompt, Video
from datasets_app.intake.put_prompts import put_models, put_prompts
from datasets_app.opinions.annotation_rows import AnnotationRow
from datasets_app.opinions.read_annotations import Refused
from datasets_app.releases.splits import normalise_prompt


@dataclass
class FoundVideos:
    """Videos by name; rows that may not speak of the video of their name are refused."""

    videos: dict[str, Video] = field(default_factory=dict)
    new: list[Video] = field(default_factory=list)  # of these, those that were made
    refused: list[Refused] = field(default_factory=list)


def import_video_rows(project: Project, rows: Sequence[AnnotationRow]) -> FoundVideos:
    """The rows' videos, inside a transaction. Names do not repeat.

    A name that the project knows with another prompt is refused. The project is held, as by imports of files: what
    it knows cannot change meanwhile.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    found = FoundVideos()
    known = _by_name(project, rows)
    new = [row for row in rows if row.name not in known]
    if new:
        found.new = _make(project, new)
        found.videos = {video.name: video for video in found.new}
    for row in rows:
        video = known.get(row.name)
        if video is None:
            continue
        if normalise_prompt(video.prompt.text) == normalise_prompt(row.prompt):
            found.videos[row.name] = video
        else:
            found.refused.append(Refused(row.place, f"{row.name} is in the project with another prompt"))
    _add_urls(found.videos, rows)
    return found


def _by_name(project: Project, rows: Iterable[AnnotationRow]) -> dict[str, Video]:
    videos = project.videos.filter(name__in=[row.name for row in rows]).select_related("prompt")
    return {video.name: video for video in videos}


def _make(project: Project, rows: Sequence[AnnotationRow]) -> list[Video]:
    """Videos without a file, with their prompts and T2V models."""
    prompts = put_prompts(project, rows)
    models = put_models(project, rows)
    videos = [
        Video(
            project=project,
            prompt=prompts[Prompt.hash_text(row.prompt)],
            t2v_model=models[row.t2v_model],
            name=row.name,
            source_url=row.url,
            metadata=dict(row.metadata),
            media_state=MediaState.MISSING,
        )
        for row in rows
    ]
    copy_in(videos)
    return videos


def _add_urls(videos: dict[str, Video], rows: Iterable[AnnotationRow]) -> None:
    """Remember where a video came from when only the annotations know it."""
    told = []
    for row in rows:
        video = videos.get(row.name)
        if video is not None and row.url and not video.source_url:
            video.source_url = row.url
            told.append(video)
    Video.objects.bulk_update(told, ["source_url"])
