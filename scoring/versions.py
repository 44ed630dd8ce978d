"""Scorer versions: a scorer with everything that changes its answers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from annotation.models import Scorer, ScorerVersion
from scoring.registry import settings_of


def current_version(name: str, checkpoint: str = "") -> ScorerVersion:
    """The version that this code would answer as; made when it is new. Raises `UnknownScorer`."""
    settings = settings_of(name)
    scorer, _ = Scorer.objects.get_or_create(name=name)
    version, _ = ScorerVersion.objects.select_related("scorer").get_or_create(
        scorer=scorer,
        settings_sha256=hash_settings(settings, checkpoint),
        defaults={"settings": settings, "checkpoint": checkpoint},
    )
    return version


def hash_settings(settings: Mapping[str, Any], checkpoint: str = "") -> str:
    """sha256 of the canonical JSON: sorted keys, no blanks, ASCII."""
    described = {"checkpoint": checkpoint, "settings": dict(settings)}
    return hashlib.sha256(json.dumps(described, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
