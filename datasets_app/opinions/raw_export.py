"""Read the raw export of the annotation tool that VideoFeedback2 was made with; its labels are in Chinese."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annotation.scale import PHYSICAL_CONSISTENCY, TEXT_ALIGNMENT, VISUAL_QUALITY
from datasets_app.opinions.annotation_rows import (
    MAX_NAME,
    MAX_SOURCE,
    AnnotationRow,
    BadRow,
    check_complete,
    path_of,
    read_score,
    read_text,
    t2v_model_of,
)

_TOPICS = {"视觉质量": VISUAL_QUALITY, "文本符合度": TEXT_ALIGNMENT, "物理符合度": PHYSICAL_CONSISTENCY}
_LABEL = re.compile(rf"(?:\d+_)?({'|'.join(_TOPICS)})(评分|描述)")  # topic, then "score" or "comment"
_SCORE = "评分"
_PROMPT = re.compile(r"\s*English Prompt\s*[:：]\s*(.*)", re.DOTALL)
_TRANSLATION = re.compile(r"\s*\n\s*翻译")  # "translated into Chinese", on a line of its own
_SOURCE = re.compile(r"src_id\s*[:：]\s*(\S+)(?:\s+src\s*[:：]\s*(\S+))?")


def is_raw_item(value: Mapping[str, Any]) -> bool:
    """Whether this object has the shape of the tool's export."""
    return "info" in value and "labels" in value


def read_raw_item(value: Mapping[str, Any], place: str) -> AnnotationRow:
    """One item; without labels it is a video that nobody rated. Blank comments are no reasons. Raises BadRow."""
    url = _url(value)
    scores, reasons = _answers(value)
    check_complete(scores)
    source_id, source = _source(value)
    return AnnotationRow(
        place=place,
        name=read_text(path_of(url).stem, "the name in the URL", most=MAX_NAME, needed=True),
        prompt=_prompt(value),
        url=url,
        t2v_model=t2v_model_of(url),
        prompt_source=source,
        metadata={"src_id": source_id} if source_id else {},
        scores=scores,
        reasons=reasons,
    )


def _entries(value: Mapping[str, Any], kind: str) -> Iterator[str]:
    info = value["info"]
    data = info.get("data") if isinstance(info, dict) else None
    for entry in data if isinstance(data, list) else []:
        if isinstance(entry, dict) and entry.get("type") == kind and isinstance(entry.get("content"), str):
            yield read_text(entry["content"], "a text of the item")


def _url(value: Mapping[str, Any]) -> str:
    for url in _entries(value, "VIDEO"):
        return url
    raise BadRow("there is no VIDEO entry")


def _prompt(value: Mapping[str, Any]) -> str:
    """The English prompt without its translation, which may be missing or empty."""
    for text in _entries(value, "TEXT"):
        if found := _PROMPT.fullmatch(text):
            return read_text(_TRANSLATION.split(found[1])[0].strip(), "the English prompt", needed=True)
    raise BadRow("there is no English prompt")


def _source(value: Mapping[str, Any]) -> tuple[str, str]:
    for text in _entries(value, "TEXT"):
        if found := _SOURCE.search(text):
            return found[1], (found[2] or "")[:MAX_SOURCE]
    return "", ""


def _answers(value: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, str]]:
    """Scores and reasons by dimension key. The label says what an answer is; ids and order do not."""
    scores: dict[str, int] = {}
    reasons: dict[str, str] = {}
    labels = value["labels"]
    for label in labels if isinstance(labels, list) else []:
        data = label.get("data") if isinstance(label, dict) else None
        named = _LABEL.fullmatch(str(data.get("label")).strip()) if isinstance(data, dict) else None
        if data is None or named is None:
            continue
        dimension = _TOPICS[named[1]]
        if named[2] == _SCORE:
            try:
                scores[dimension.key] = read_score(data.get("value"))
            except BadRow as error:
                raise BadRow(f"{dimension.heading}: {error}") from error
        else:
            reasons[dimension.key] = read_text(data.get("value"), f"the comment on {dimension.heading}").strip()
    if labels and not scores:
        raise BadRow("none of its labels is a score")
    return scores, reasons
