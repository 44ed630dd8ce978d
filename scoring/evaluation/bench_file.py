"""Bench files: VideoFeedback2's flat records, one a line or as a JSON list, with human or model scores.

A record has `video_name`, `prompt`, `visual_score`, `t2v_score`, `phy_score`, and perhaps `thinking`; intermediate
files also carry the model's `*_score_model`.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotation.scale import DIMENSIONS, Score
from scoring.evaluation.compared import Floats, Ints

HUMAN, MODEL = "score", "score_model"  # endings of the keys that hold them
_NUMBERED = re.compile(r"([1-5](?:\.\d+)?)(?:\s*[-–—:]\s*\S.*)?")
_WORDS = {score.in_words.casefold(): score.value for score in Score}


class UnreadableBench(ValueError):
    """The file, or a record of it, cannot be used; the message names the line or item and the reason."""


@dataclass(frozen=True)
class Record:
    """One video of a file. `scores` has a score a dimension, None where the record has none."""

    name: str
    prompt: str
    scores: tuple[float | None, float | None, float | None]


def read_bench(path: Path, ending: str = HUMAN) -> list[Record]:
    """Every record of a file. Human scores are whole and all there; a model's may lack or be between two steps.

    Raises `UnreadableBench`, or `OSError`.
    """
    records: dict[str, Record] = {}
    for place, value in _values(path):
        try:
            record = _record(value, ending)
        except ValueError as error:
            raise UnreadableBench(f"{path}, {place}: {error}") from error
        if record.name in records:
            raise UnreadableBench(f"{path}, {place}: {record.name} stands in it twice.")
        records[record.name] = record
    if not records:
        raise UnreadableBench(f"{path} holds no record.")
    return list(records.values())


def has_model_scores(path: Path) -> bool:
    """Whether some record carries a model's scores beside the human ones. Raises as `read_bench`."""
    keys = [f"{dimension.record_key}_{MODEL}" for dimension in DIMENSIONS]
    return any(isinstance(value, dict) and any(key in value for key in keys) for _, value in _values(path))


def scores_of(records: Iterable[Record]) -> Floats:
    """(records, 3), NaN where there is none."""
    rows = [[np.nan if score is None else score for score in record.scores] for record in records]
    return np.array(rows, dtype=np.float64).reshape(-1, len(DIMENSIONS))


def digits_of(scores: Floats) -> Ints:
    """The nearest step of the scale, 0 for NaN. A score just between two goes up."""
    return np.floor(np.nan_to_num(scores, nan=0.0) + 0.5).astype(np.int64)


def write_bench(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write records as JSON Lines and say how many. The same content again changes nothing.

    Raises `FileExistsError` when something else stands there, or `OSError`.
    """
    lines = [json.dumps(dict(record), ensure_ascii=True) for record in records]
    content = "".join(f"{line}\n" for line in lines).encode()
    if path.exists():
        if path.read_bytes() != content:
            raise FileExistsError(f"{path} is there already, with other content.")
        return len(lines)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return len(lines)


def _values(path: Path) -> Iterator[tuple[str, Any]]:
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if text.lstrip()[:1] == b"[":
        try:
            items = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableBench(f"{path} is no JSON list: {error}.") from error
        yield from ((f"item {number}", item) for number, item in enumerate(items, start=1))
        return
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UnreadableBench(f"{path}, line {number}: is not JSON: {error}.") from error
            yield f"line {number}", value


def _record(value: Any, ending: str) -> Record:
    if not isinstance(value, dict):
        raise ValueError("is no JSON object.")
    name, prompt = value.get("video_name"), value.get("prompt", "")
    if not isinstance(name, str) or not name.strip():
        raise ValueError("video_name is missing.")
    if not isinstance(prompt, str):
        raise ValueError("prompt is no text.")
    found = [_score(value.get(f"{d.record_key}_{ending}"), f"{d.record_key}_{ending}") for d in DIMENSIONS]
    if ending == HUMAN and all(score is None for score in found):
        raise ValueError("has no visual_score, t2v_score or phy_score.")
    return Record(name, prompt, (found[0], found[1], found[2]))


def _score(value: Any, key: str) -> float | None:
    """1 to 5 from 3, 3.4, "3", "4-Relatively Good" or "Medium"; None for nothing. Raises ValueError."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and min(Score) <= value <= max(Score):
        return float(value)
    if isinstance(value, str):
        numbered = _NUMBERED.fullmatch(value.strip())
        if numbered and float(numbered[1]) <= max(Score):
            return float(numbered[1])
        if value.strip().casefold() in _WORDS:
            return float(_WORDS[value.strip().casefold()])
    raise ValueError(f"{key} {str(value)[:40]!r} is no score from 1 to 5.")


def require_whole(path: Path, records: Iterable[Record]) -> None:
    """Human scores are three whole numbers. Raises `UnreadableBench`."""
    for record in records:
        for dimension, score in zip(DIMENSIONS, record.scores, strict=True):
            if score is None or score != int(score):
                said = "is missing" if score is None else f"is {score:g}, no whole number"
                raise UnreadableBench(f"{path}, {record.name}: {dimension.record_key}_{HUMAN} {said}.")
