"""Keep a clip that was sent for a trial: under a name of ours, and only if the limited decoder takes it."""

import shutil
from pathlib import Path, PurePath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from annotation.models import Project, ScorerVersion, User
from datasets_app.media.probe import probe
from datasets_app.media.sandbox import Sandbox
from datasets_app.media.sniff import sniff
from datasets_app.trials.ask import ring_trial
from datasets_app.trials.models import Trial

ABOUT_COPIES = "H.264 copy"  # warnings about the copy that raters get: a trial has none


def start_trial(
    *, project: Project, user: User, clip: UploadedFile, prompt: str, scorer_version: ScorerVersion
) -> Trial:
    """Keep the clip and wake a worker. Raises `Refused`, `DecoderFailed` or `OSError`; nothing is kept then."""
    trial = Trial(project=project, created_by=user, prompt=prompt, scorer_version=scorer_version)
    trial.name = PurePath((clip.name or "clip").replace("\\", "/")).name[:200]
    folder = Path(settings.MEDIA_ROOT) / trial.folder
    folder.mkdir(parents=True)
    try:
        _keep(clip, trial, folder)
        with transaction.atomic():
            trial.save()
            ring_trial(trial)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return trial


def remove_trial(trial: Trial) -> None:
    """Delete a trial, its clip and its pictures. Files go first: what a crash leaves still has its row."""
    shutil.rmtree(Path(settings.MEDIA_ROOT) / trial.folder, ignore_errors=True)
    trial.delete()


def _keep(clip: UploadedFile, trial: Trial, folder: Path) -> None:
    """Write the file and what the probe measures of it."""
    sent = folder / "sent"
    with sent.open("xb") as kept:
        for chunk in clip.chunks():
            kept.write(chunk)
        trial.bytes = kept.tell()
    with sent.open("rb") as file:
        container = sniff(file)
    path = sent.rename(folder / f"original{container.suffix}")
    trial.original.name = f"{trial.folder}/{path.name}"
    with Sandbox() as sandbox:
        found = probe(sandbox, str(path), container)
    facts = found.facts
    trial.container, trial.codec, trial.pixel_format = container.name, facts.codec, facts.pixel_format
    trial.width, trial.height, trial.frames = facts.width, facts.height, facts.frames
    trial.fps, trial.seconds = facts.fps, facts.seconds
    trial.warnings = [sentence for sentence in found.warnings if ABOUT_COPIES not in sentence]
