"""`bench`: VideoScore-Bench-v2's keys, to measure against. Scores are the experts' own, whatever rule trains."""

from typing import Any

from annotation.scale import DIMENSIONS
from datasets_app.releases.select_rows import Row


def record(row: Row) -> dict[str, Any]:
    """The published keys in their order; no adjustment ever reaches this file, nor a text for one."""
    scores = {f"{dimension.record_key}_score": row.human[dimension.key] for dimension in DIMENSIONS}
    return {"video_name": row.name, "prompt": row.prompt, **scores, "thinking": row.human_rationale}
