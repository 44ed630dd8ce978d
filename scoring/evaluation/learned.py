"""Which videos a version learned from, and figures without them.

Who knows what a version was trained on lives in a package above this one, and is named by the settings.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string

from annotation.models import Project, ScorerVersion
from scoring.evaluation.compared import Ints
from scoring.evaluation.keep import fingerprint
from scoring.evaluation.load import Loaded


def seen_by_each(project: Project, versions: Sequence[ScorerVersion]) -> list[Ints]:
    """For each version the project's videos that it was trained on, as far as anybody has stated."""
    seen_by: Callable[[Project, ScorerVersion], Ints] = import_string(settings.SEEN_IN_TRAINING_BY)
    return [seen_by(project, version) for version in versions]


def among(one: Loaded, seen: Ints) -> int:
    """How many of the evaluated videos were seen."""
    return int(np.isin(one.videos, seen).sum())


def without(one: Loaded, seen: Sequence[Ints]) -> Loaded:
    """The others, those that were seen being counted with what is left out."""
    if not seen:
        return one
    unseen = np.flatnonzero(~np.isin(one.videos, np.concatenate(list(seen))))
    left_out = one.left_out | {"trained_on": len(one.videos) - len(unseen)}
    return replace(one.take(unseen), left_out=left_out)


def stamp(project: Project, versions: Sequence[ScorerVersion], ratings: str, *, held_out: bool) -> str:
    """sha256 of what the figures rest on, and with `held_out` of what was seen, too."""
    rests_on = fingerprint(project, versions, ratings)
    if not held_out:
        return rests_on
    seen = b"".join(one.tobytes() for one in seen_by_each(project, versions))
    return hashlib.sha256(rests_on.encode() + seen).hexdigest()
