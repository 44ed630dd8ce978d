"""What a release changed since the one before it: found once, when it is built, and kept with its counts."""

import dataclasses
from collections.abc import Container
from typing import Any

from annotation.scale import DIMENSIONS
from datasets_app.models import Release, ReleaseState
from datasets_app.releases.compare_releases import CannotCompareError, compare_releases

NAMED = 20  # videos of a kind


def changes_of(release: Release) -> dict[str, Any] | None:
    """The comparison with the newest earlier release that is built, for the release's row; None without one.

    Where the earlier folder is gone or from before releases could be compared, only its number is told.
    """
    done = Release.objects.filter(project=release.project_id, state=ReleaseState.DONE, number__lt=release.number)
    earlier = done.order_by("-number").first()
    if earlier is None:
        return None
    try:
        found = compare_releases(earlier.folder, release.folder, listed=NAMED)
    except CannotCompareError:
        return {"since": earlier.number}
    steps = {key: [[*step, n] for step, n in sorted(counts.items())] for key, counts in found.steps.items()}
    return dataclasses.asdict(found) | {"since": earlier.number, "steps": steps, "changed": found.changed}


def without_scores_of(names: Container[str], changes: dict[str, Any]) -> dict[str, Any]:
    """The same without the scores of these videos, nor the steps, from which they could be told."""
    rescored = changes.get("rescored_videos", [])
    if not any(name in names for name, *_ in rescored):
        return changes
    hidden = [(name, *([None, None] if name in names else scores)) for name, *scores in rescored]
    return changes | {"rescored_videos": hidden, "steps": {}}


def steps_by_dimension(changes: dict[str, Any]) -> list[tuple[Any, list[list[int]]]]:
    """Each dimension whose scores changed with its steps: old score, new score, videos."""
    steps = changes.get("steps", {})
    return [(dimension, steps[dimension.key]) for dimension in DIMENSIONS if steps.get(dimension.key)]
