"""`records`: one flat object a video with the keys of VideoFeedback2's records."""

from typing import Any

from annotation.scale import DIMENSIONS
from datasets_app.releases.select_rows import Row


def record(row: Row) -> dict[str, Any]:
    """The published keys in their order, the model's scores where they came with the record, and the source."""
    made: dict[str, Any] = {"video_name": row.name, "video_url": row.url, "prompt": row.prompt}
    for dimension in DIMENSIONS:
        key = dimension.record_key
        made[f"{key}_score"] = row.scores[dimension.key]
        if row.model_scores:
            made[f"{key}_score_model"] = row.model_scores[dimension.key]
        made[f"{key}_cmt_raw"] = row.comments[dimension.key]
    return made | {"thinking": row.rationale, "rationale_source": row.rationale_source}
