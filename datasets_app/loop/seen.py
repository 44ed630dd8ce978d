"""What a scorer version has seen in training: the one place that knows, from what its release really holds."""

from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from annotation.models import AuditEntry, AuditKind, Project, Prompt, ScorerVersion, Video
from datasets_app.models import Release, ReleaseFormat, TrainedOn
from datasets_app.releases.export_options import Options
from datasets_app.releases.jsonl import read_lines
from datasets_app.releases.splits import normalise_prompt
from datasets_app.releases.video_index import INDEX

TRAIN = "train"


def training_split(options: Options) -> str:
    """The split that is trained on: `train` where there is one, else the largest; "" without splits."""
    return TRAIN if TRAIN in options.split else next(iter(options.split), "")


def seen_by(project: Project, version: ScorerVersion) -> NDArray[np.int64]:
    """The project's videos that a version was trained on, by the release that a lead has stated; see below."""
    stated = TrainedOn.objects.filter(scorer_version=version).select_related("release").first()
    return seen_in_training(stated.release, project) if stated else np.empty(0, np.int64)


def seen_in_training(release: Release, project: Project) -> NDArray[np.int64]:
    """Sorted primary keys of the project's videos whose file or whose prompt is in the release's training split.

    A prompt that was trained on is no longer held out, whatever became of its other videos. The release may be
    another project's. Of videos that were taken down the audit log knows file and prompt. Where the release's
    folder is gone, all videos that were there when it was finished count as seen, and all that were taken down:
    rather too many than too few. Three queries.
    """
    names, files = _listed(release)
    videos = Video.objects.filter(project=release.project_id)
    if names is None:
        videos = videos.filter(created_at__lte=release.finished_at or release.created_at)
    trained = [
        (sha256, prompt)
        for name, sha256, prompt in videos.values_list("name", "sha256", "prompt__text")
        if names is None or name in names
    ]
    files |= {sha256 for sha256, _ in trained if names is None}
    prompts = {_hash(prompt) for prompt in {prompt for _, prompt in trained}}
    for name, gone in _taken_down(release.project_id):
        if names is None or name in names or gone.get("sha256") in files:
            prompts.add(gone.get("prompt_sha256", ""))
    there = list(Video.objects.filter(project=project).order_by("pk").values_list("pk", "sha256", "prompt__text"))
    again = {text for text in {text for *_, text in there} if _hash(text) in prompts}
    return np.array([pk for pk, sha256, text in there if text in again or sha256 in files], np.int64)


def _hash(prompt: str) -> str:
    return Prompt.hash_text(normalise_prompt(prompt))


def _taken_down(project_pk: int) -> "QuerySet[AuditEntry, tuple[str, dict[str, Any]]]":
    """Name, and what else is known of it, of each video that a project has no more."""
    entries = AuditEntry.objects.filter(project=project_pk, kind=AuditKind.VIDEO_DELETED)
    return entries.values_list("subject", "details")


def _listed(release: Release) -> tuple[set[str] | None, set[str]]:
    """Names and sha256 of what its training split holds; no names where its list of videos cannot be read."""
    split, held = training_split(Options(**release.settings)), set()
    try:
        with (release.folder / INDEX).open("rb") as file:
            for _, line in read_lines(file):
                if line["split"] == split and {*line["formats"]} - {ReleaseFormat.BENCH}:
                    held.add((line["video_name"], line["sha256"]))
    except (OSError, TypeError, KeyError):
        return None, set()
    return {name for name, _ in held}, {sha256 for _, sha256 in held if sha256}
