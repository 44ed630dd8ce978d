"""Store a batch of imported videos: their rows, prompts, T2V models and seats, in one short transaction."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from celery import signature
from django.db import transaction

from annotation.doorbell import ring
from annotation.models import MediaState, Project, Prompt, T2VModel, Video
from annotation.queue import make_seats
from datasets_app.read_manifest import UNKNOWN_MODEL, Row
from datasets_app.staging import Batch

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


def put_prompts(project: Project, rows: Iterable[Row]) -> dict[str, Prompt]:
    """The rows' prompts by hash, made where they are new; an empty source is filled in."""
    texts = {Prompt.hash_text(row.prompt): row.prompt for row in rows}
    sources = {Prompt.hash_text(row.prompt): row.prompt_source for row in rows if row.prompt_source}
    Prompt.objects.bulk_create(
        [
            Prompt(project=project, text=text, text_sha256=sha256, position=draw_position(project, sha256))
            for sha256, text in texts.items()
        ],
        ignore_conflicts=True,
    )
    prompts = {prompt.text_sha256: prompt for prompt in project.prompts.filter(text_sha256__in=texts)}
    told = [prompt for sha256, prompt in prompts.items() if not prompt.source and sha256 in sources]
    for prompt in told:
        prompt.source = sources[prompt.text_sha256]
    Prompt.objects.bulk_update(told, ["source"])
    return prompts


def draw_position(project: Project, text_sha256: str) -> int:
    """A prompt's place in the random order, by the project's seed; fits a 32-bit column."""
    digest = hashlib.sha256(f"{project.seed}/{text_sha256}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1


def put_models(project: Project, rows: Iterable[Row]) -> dict[str, T2VModel]:
    """The rows' T2V models by name, made where they are new; an empty tier is filled in."""
    names = {row.t2v_model for row in rows}
    tiers = {row.t2v_model: row.tier for row in rows if row.tier}
    T2VModel.objects.bulk_create(
        [T2VModel(project=project, name=name) for name in sorted(names)], ignore_conflicts=True
    )
    models = {model.name: model for model in project.t2v_models.filter(name__in=names)}
    told = [model for name, model in models.items() if not model.tier and name in tiers]
    for model in told:
        model.tier = tiers[model.name]
    T2VModel.objects.bulk_update(told, ["tier"])
    return models
