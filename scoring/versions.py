"""Scorer versions: a scorer with everything that changes its answers, weights included."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annotation.models import Scorer, ScorerVersion
from scoring.registry import UnknownScorer, entry, identify, settings_of, usual_checkpoint


def current_version(name: str, checkpoint: str = "") -> ScorerVersion:
    """The version that this code and this checkpoint (the usual one, if none is named) would answer as.

    Made when it is new. Hashes the weights. Raises `UnknownScorer` or `NoCheckpoint`.
    """
    settings, checkpoint = current_settings(name, checkpoint)
    scorer, _ = Scorer.objects.get_or_create(name=name)
    version, _ = ScorerVersion.objects.select_related("scorer").get_or_create(
        scorer=scorer,
        settings_sha256=hash_settings(settings),
        defaults={"settings": settings, "checkpoint": checkpoint},
    )
    if version.checkpoint != checkpoint:  # the same weights in another place
        version.checkpoint = checkpoint
        version.save(update_fields=["checkpoint"])
    return version


def asked_version(name: str, checkpoint: str = "") -> ScorerVersion:
    """The version to ask: of the checkpoint named or usual here, else the newest that was registered.

    So videos can be queued where the weights are not. Raises `UnknownScorer` or `NoCheckpoint`.
    """
    if not checkpoint and entry(name).takes_checkpoint and not usual_checkpoint(name):
        registered = usable_versions(name)
        if registered:
            return registered[0]
    return current_version(name, checkpoint)


def current_settings(name: str, checkpoint: str = "") -> tuple[dict[str, Any], str]:
    """All that the answers depend on, and the checkpoint meant. Raises `UnknownScorer` or `NoCheckpoint`."""
    checkpoint = checkpoint or usual_checkpoint(name)
    if checkpoint and Path(checkpoint).is_dir():  # workers run elsewhere
        checkpoint = str(Path(checkpoint).resolve())
    return settings_of(name) | identify(name, checkpoint), checkpoint


def usable_versions(name: str) -> list[ScorerVersion]:
    """The versions that this code can still answer as, newest first; reads no weights. Raises `UnknownScorer`.

    A scorer without a checkpoint has one, which is made when it is new; one with a checkpoint has those that
    were registered (`register_scorer`, `score_videos`) and whose settings the code has not changed since.
    """
    if not entry(name).takes_checkpoint:
        return [current_version(name)]
    versions = ScorerVersion.objects.select_related("scorer").filter(scorer__name=name)
    return [version for version in versions.order_by("-created_at", "-pk") if is_usable(version)]


def is_usable(version: ScorerVersion) -> bool:
    """Whether the code still answers with this version's settings; weights are checked on loading."""
    try:
        now = settings_of(version.scorer.name)
    except UnknownScorer:
        return False
    return now == {key: version.settings.get(key) for key in now}


def hash_settings(settings: Mapping[str, Any]) -> str:
    """sha256 of the canonical JSON: sorted keys, no blanks, ASCII. Where the weights lie does not count."""
    described = {"checkpoint": "", "settings": dict(settings)}
    return hashlib.sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
