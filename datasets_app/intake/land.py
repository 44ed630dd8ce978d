"""Store a batch of imported videos: their rows, prompts, T2V models and seats, in one short transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field

from celery import signature
from django.db import transaction

from annotation.copy_in import copy_in
from annotation.doorbell import ring
from annotation.models import MediaState, Project, Prompt, T2VModel, Video
from annotation.room.seats import make_first_seats, make_seats
from datasets_app.intake.look import Looked, Refusal
from datasets_app.intake.put_prompts import drop_unused, put_models, put_prompts
from datasets_app.intake.read_manifest import UNKNOWN_MODEL, Row, name_video
from datasets_app.intake.staging import Copies
from datasets_app.models import Remedy

# What an arriving file changes in the row of a video that came without one.
FILE_FIELDS = (
    *("public_id", "t2v_model", "metadata", "original", "sha256", "bytes", "container", "codec", "pixel_format"),
    *("width", "height", "fps", "frames", "seconds", "warnings", "media_state", "source_url"),
)


@dataclass
class Summary:
    """What became of a manifest's rows."""

    new: int = 0
    already_there: int = 0
    refused: list[Refusal] = field(default_factory=list)
    line: int = 0  # the last line that was dealt with
    complete: bool = False  # whether the rows came to their end

    def add(self, part: "Summary") -> None:
        """Count a later part with this one."""
        self.new += part.new
        self.already_there += part.already_there
        self.refused += part.refused
        self.line = part.line

    def __str__(self) -> str:
        return f"{self.new} new, {self.already_there} already there, {len(self.refused)} refused"


def land(project: Project, batch: list[Looked], copies: Copies, landed: Callable[[Summary], None]) -> Summary:
    """Store what is new of a batch, count the rest, hand over the copies, and wake the media worker."""
    summary = Summary(line=batch[-1].line)
    summary.refused = [looked.refusal for looked in batch if looked.refusal]
    rows = [looked.row for looked in batch if looked.row]
    with transaction.atomic():
        # Imports into one project land one after another: what is known cannot change under this batch.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        prompts, models = put_prompts(project, rows), put_models(project, rows)
        shelf = Shelf(project, batch)
        for looked in batch:
            if looked.row is not None:
                prompt = prompts[Prompt.hash_text(looked.row.prompt)]
                shelf.place(looked, looked.row, prompt, models[looked.row.t2v_model], summary)
        copy_in(shelf.new)
        Video.objects.bulk_update(shelf.arrived, FILE_FIELDS)
        drop_unused(prompts.values())
        changed = shelf.new + shelf.arrived
        summary.new += len(changed)
        summary.refused.sort()
        copies.hand_over(changed)
        make_first_seats(project, shelf.new)
        make_seats(project, shelf.arrived)
        if changed:
            ring(signature("datasets_app.tasks.prepare_media_task"), project.pk)
        landed(summary)
    taken = {video.public_id for video in changed}
    for looked in batch:
        if looked.video is not None and looked.video.public_id not in taken:
            copies.discard(looked.video)
    return summary


class Shelf:
    """Decides for each video of a batch whether it is new, there already, or in the way of another."""

    def __init__(self, project: Project, batch: list[Looked]) -> None:
        self.new: list[Video] = []
        self.arrived: list[Video] = []  # videos that were known without their file
        videos = [looked.video for looked in batch if looked.video]
        same_file = project.videos.filter(sha256__in={video.sha256 for video in videos})
        self.known = set(same_file.values_list("sha256", "prompt_id", "t2v_model_id"))
        same_name = project.videos.filter(name__in={video.name for video in videos})
        self.named = {video.name: video for video in same_name.select_related("t2v_model")}

    def place(self, looked: Looked, row: Row, prompt: Prompt, model: T2VModel, summary: Summary) -> None:
        """Put the video where it belongs, or refuse it."""
        video = looked.video
        if video is None or (video.sha256, prompt.pk, model.pk) in self.known:
            summary.already_there += 1
            return
        video.prompt, video.t2v_model = prompt, model
        namesake = self.named.get(video.name)
        if namesake is None:
            self.new.append(video)
        elif waits_for(namesake, video):
            self.arrived.append(fill_in(namesake, video))
        else:
            taken = f"The name {video.name!r} is taken by another video."
            summary.refused.append(Refusal(row.line, taken, name_video(row.video), Remedy.AGAIN))
            return
        self.known.add((video.sha256, prompt.pk, model.pk))
        self.named[video.name] = video


def waits_for(namesake: Video, video: Video) -> bool:
    """Whether a row that was imported without its file (with annotations) is this very video."""
    models = {namesake.t2v_model.name, video.t2v_model.name} - {UNKNOWN_MODEL}
    is_missing = namesake.media_state == MediaState.MISSING and namesake.pk is not None
    return is_missing and namesake.prompt_id == video.prompt_id and len(models) <= 1


def fill_in(namesake: Video, video: Video) -> Video:
    """The row that waited, with its file; what only one of the two knew is kept."""
    if video.t2v_model.name == UNKNOWN_MODEL:
        video.t2v_model = namesake.t2v_model
    video.metadata = namesake.metadata | video.metadata
    video.source_url = video.source_url or namesake.source_url
    for name in FILE_FIELDS:
        setattr(namesake, name, getattr(video, name))
    return namesake
