"""The scorer that this process has loaded: one at a time, kept between jobs, never loaded before the first."""

import gc
from pathlib import Path
from typing import Any

from annotation.models import ScorerVersion
from scoring.protocol import Scorer
from scoring.registry import load, usual_checkpoint

_kept: dict[tuple[str, str], Scorer[Any, Any]] = {}


def loaded(version: ScorerVersion) -> Scorer[Any, Any]:
    """The version's scorer, loaded once per process. Another one's memory is freed first: two may not fit.

    Raises `UnknownScorer`, `OutdatedVersion`, `NoCheckpoint` or `ScorerUnavailable`.
    """
    key = (version.scorer.name, version.settings_sha256)
    if key not in _kept:
        _kept.clear()
        gc.collect()
        _kept[key] = load(version.scorer.name, version.settings, checkpoint_here(version))
    return _kept[key]


def checkpoint_here(version: ScorerVersion) -> str:
    """Where this machine has the version's weights: where they were registered, else at its usual place."""
    registered = version.checkpoint
    if not Path(registered).is_absolute() or Path(registered).is_dir():  # not a folder's name, or one that is here
        return registered
    return usual_checkpoint(version.scorer.name) or registered
