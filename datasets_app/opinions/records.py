"""Read VideoFeedback2's records: flat objects, `*_score_model` in the intermediate files."""

from collections.abc import Mapping
from typing import Any

from annotation.scale import DIMENSIONS
from datasets_app.opinions.annotation_rows import (
    MAX_NAME,
    AnnotationRow,
    BadRow,
    check_complete,
    read_score,
    read_text,
    t2v_model_of,
)


def read_record(value: Mapping[str, Any], place: str) -> AnnotationRow:
    """One record. Texts stay as they are, so that they come out again as they went in. Raises BadRow."""
    if not any(f"{dimension.record_key}_score" in value for dimension in DIMENSIONS):
        raise BadRow("is no record: it has no visual_score, t2v_score or phy_score")
    scores = _scores(value, "score")
    check_complete(scores)
    url = read_text(value.get("video_url"), "video_url")
    return AnnotationRow(
        place=place,
        name=read_text(value.get("video_name"), "video_name", most=MAX_NAME, needed=True),
        prompt=read_text(value.get("prompt"), "prompt", needed=True),
        url=url,
        t2v_model=t2v_model_of(url),
        scores=scores,
        reasons={
            dimension.key: read_text(
                value.get(f"{dimension.record_key}_cmt_raw"), f"{dimension.record_key}_cmt_raw"
            )
            for dimension in DIMENSIONS
        },
        rationale=read_text(value.get("thinking"), "thinking"),
        model_scores=_model_scores(value),
    )


def _scores(value: Mapping[str, Any], ending: str) -> dict[str, int]:
    found = {}
    for dimension in DIMENSIONS:
        key = f"{dimension.record_key}_{ending}"
        if value.get(key) is not None:
            try:
                found[dimension.key] = read_score(value[key])
            except BadRow as error:
                raise BadRow(f"{key}: {error}") from error
    return found


def _model_scores(value: Mapping[str, Any]) -> dict[str, int | None]:
    found = _scores(value, "score_model")
    return {dimension.key: found.get(dimension.key) for dimension in DIMENSIONS} if found else {}
