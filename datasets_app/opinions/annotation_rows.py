"""What an annotation file says about one video, whichever form it came in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from annotation.scale import DIMENSIONS, Score
from datasets_app.intake.read_manifest import UNKNOWN_MODEL, BadRow

MAX_NAME = 200  # characters, of a video or a T2V model
MAX_SOURCE = 100
_NUMBERED = re.compile(r"([1-5])(?:\.0+)?(?:\s*[-–—:]\s*(.+))?")
_WORDS = {score.in_words.casefold(): score for score in Score}


@dataclass(frozen=True)
class AnnotationRow:
    """One video's annotation. Scores, reasons and model scores are by dimension key.

    `scores` is empty for a video that nobody rated; `model_scores` unless a model's scores came along, with None
    where the model gave none.
    """

    place: str  # "line 7" or "item 7", for reports
    name: str
    prompt: str
    url: str = ""
    t2v_model: str = UNKNOWN_MODEL
    tier: str = ""
    prompt_source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    rationale: str = ""
    model_scores: Mapping[str, int | None] = field(default_factory=dict)


def read_score(value: Any) -> int:
    """1 to 5 from what annotators' tools write: 3, "3", "4-Relatively Good", "Medium". Raises BadRow."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value in set(Score):
        return int(value)
    if isinstance(value, str):
        text = value.strip()
        numbered = _NUMBERED.fullmatch(text)
        if numbered and _agrees(int(numbered[1]), numbered[2]):
            return int(numbered[1])
        if text.casefold() in _WORDS:
            return int(_WORDS[text.casefold()])
    raise BadRow(f"the score {_short(value)} cannot be read")


def read_text(value: Any, what: str, *, most: int | None = None, needed: bool = False) -> str:
    """The text as it is. Raises BadRow for what is no text, or no text that the database can keep."""
    if value is None and not needed:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"{what} is missing" if value is None else f"{what} is no text but {_short(value)}")
    if needed and not value.strip():
        raise BadRow(f"{what} is empty")
    if most is not None and len(value) > most:
        raise BadRow(f"{what} has {len(value)} characters, more than {most}")
    if "\0" in value or not _is_unicode(value):
        raise BadRow(f"{what} holds a character that is no text (NUL or half of a surrogate pair)")
    return value


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_complete(scores: Mapping[str, int]) -> None:
    """Raise BadRow when some dimensions are rated and others are not."""
    missing = [dimension.heading for dimension in DIMENSIONS if dimension.key not in scores]
    if scores and missing:
        raise BadRow(f"there is no score for {', '.join(missing)}")


def t2v_model_of(url: str) -> str:
    """The T2V model from `.../<batch>/<t2v model>/<video name>.mp4`; "unknown" for other addresses."""
    folders = [part for part in path_of(url).parts[:-1] if part != "/"]
    return folders[-1][:MAX_NAME] if len(folders) >= 2 else UNKNOWN_MODEL


def path_of(url: str) -> PurePosixPath:
    """The path of an address, its escapes read. Raises BadRow."""
    try:
        return PurePosixPath(read_text(unquote(urlsplit(url).path), "the path of the URL"))
    except ValueError:
        raise BadRow(f"the URL {_short(url)} cannot be read") from None


def _agrees(number: int, words: str | None) -> bool:
    return words is None or _WORDS.get(words.strip().casefold()) == number


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
