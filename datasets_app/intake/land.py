"""Store a batch of imported videos: their rows, prompts, T2V models and seats, in one short transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field

from celery import signature
from django.db import transaction

from annotation.doorbell import ring
from annotation.models import MediaState, Project, Prompt, T2VModel, Video
from annotation.room.seats import make_seats
from datasets_app.intake.put_prompts import put_models, put_prompts
from datasets_app.intake.read_manifest import UNKNOWN_MODEL, Row
from datasets_app.intake.staging import Batch

# What an arriving file changes in the row of a video that came without one.
FILE_FIELDS = (
    *("public_id", "t2v_model", "metadata", "original", "sha256", "bytes", "container", "codec", "pixel_format"),
    *("width", "height", "fps", "frames", "seconds", "warnings", "media_state"),
)


@dataclass
class Summary:
    """What became of a manifest's rows; `refused` holds (line, reason) pairs."""

    new: int = 0
    already_there: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)
    line: int = 0  # the last line that was dealt with

    def __str__(self) -> str:
        return f"{self.new} new, {self.already_there} already there, {len(self.refused)} refused"


@dataclass
class Arrival:
    """A row whose file was looked at. `video` is not stored yet; None where the project has it already."""

    row: Row
    sha256: str
    video: Video | None


def land(
    project: Project,
    arrivals: list[Arrival],
    summary: Summary,
    copies: Batch,
    landed: Callable[[Summary], None],
) -> None:
    """Store what is new, count the rest in `summary`, hand over the copies, and wake the media worker."""
    with transaction.atomic():
        # Imports into one project land one after another: what is known cannot change under this batch.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        prompts = put_prompts(project, [arrival.row for arrival in arrivals])
        models = put_models(project, [arrival.row for arrival in arrivals])
        shelf = Shelf(project, arrivals)
        for arrival in arrivals:
            row = arrival.row
            shelf.place(arrival, prompts[Prompt.hash_text(row.prompt)], models[row.t2v_model], summary)
        Video.objects.bulk_create(shelf.new)
        Video.objects.bulk_update(shelf.arrived, FILE_FIELDS)
        changed = shelf.new + shelf.arrived
        summary.new += len(changed)
        summary.refused.sort()
        copies.hand_over(changed)
        make_seats(project, changed)
        if changed:
            ring(signature("datasets_app.tasks.prepare_media_task"), project.pk)
        landed(summary)


class Shelf:
    """Decides for each arrival of a batch whether it is new, there already, or in the way of another."""

    def __init__(self, project: Project, arrivals: list[Arrival]) -> None:
        self.new: list[Video] = []
        self.arrived: list[Video] = []  # videos that were known without their file
        same_file = project.videos.filter(sha256__in={arrival.sha256 for arrival in arrivals})
        self.known = set(same_file.values_list("sha256", "prompt_id", "t2v_model_id"))
        same_name = project.videos.filter(name__in={arrival.row.name for arrival in arrivals})
        self.named = {video.name: video for video in same_name.select_related("t2v_model")}

    def place(self, arrival: Arrival, prompt: Prompt, model: T2VModel, summary: Summary) -> None:
        """Put the arrival where it belongs, or refuse it."""
        video, name = arrival.video, arrival.row.name
        if video is None or (arrival.sha256, prompt.pk, model.pk) in self.known:
            summary.already_there += 1
            return
        video.prompt, video.t2v_model = prompt, model
        namesake = self.named.get(name)
        if namesake is None:
            self.new.append(video)
        elif waits_for(namesake, video):
            self.arrived.append(fill_in(namesake, video))
        else:
            summary.refused.append((arrival.row.line, f"The name {name!r} is taken by another video."))
            return
        self.known.add((arrival.sha256, prompt.pk, model.pk))
        self.named[name] = video


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
    for name in FILE_FIELDS:
        setattr(namesake, name, getattr(video, name))
    return namesake
