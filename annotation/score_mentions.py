"""Find what a rationale still says about scores once its leaking lines are gone. Pure text, no models.

Two kinds. A statement gives a dimension's score in so many words in the middle of a line ("(1) visual quality: 3
(2) text-to-video alignment: 4", `<answer>...</answer>`): it cannot be taken out line by line.
A mention is reasoning that names a score ("I would put the score around 3"): right where it fits the record's
scores, as VideoFeedback2's own reasonings have it, and wrong where it names another one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.line_search import lines_with, marks
from annotation.scale import DIMENSION_KEYS

_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_NUMBER = rf"(?:[1-5](?:\.\d+)?|{'|'.join(_WORDS)})"
_NAMES = {
    "visual_quality": r"visual\s+quality",
    "text_alignment": (
        r"text[-\s]to[-\s]video(?:\s+(?:alignment|consistency))?|t2v[-_\s]alignment"
        r"|(?:textual?|prompt|semantic)\s+alignment"
    ),
    "physical_consistency": (
        r"physical(?:\s*(?:/|and)\s*common[-\s]sense)?\s+consistency|common[-\s]sense\s+consistency"
    ),
}
_NAME = re.compile("|".join(f"(?P<{key}>{pattern})" for key, pattern in _NAMES.items()), re.IGNORECASE)
_HEADING = re.compile(r"[\s>*#_`•\-–—\d.()]*(?P<words>[^:*\n]{3,70}?)(?:[*_`\s]*:[*_`\s]*|[*_`]{2}\s*)$")
_AFTER = (  # what may stand behind a number that is a score; "3 dogs" and "2 seconds" are none
    r"(?=\s*(?:[.,;:)\]}*_`\"'”’—–]|$)|\s+(?:for|on|in\s+terms|because|since|due|given|overall|points?|stars?|and|but|"
    r"as|at|to\s+reflect|would|is|with)\b)"
)
_RANGE = rf"(?P<low>{_NUMBER})(?:\s*(?:-|–|—|to|or|and)\s*(?P<high>{_NUMBER}))?(?:\s*(?:/|out\s+of)\s*5)?"
_MENTIONS = [
    re.compile(
        r"(?<!frame )(?<!frame-)(?<!refresh )"
        r"\b(?:scor(?:e|es|ed|ing)|rating|rated?|graded?|deserves?|merits?|warrants?|"
        rf"give\s+(?:it|this)|gave)\b[^.\d\n;]{{0,40}}?(?<![\w.])\(?{_RANGE}{_AFTER}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\w./])(?P<low>{_NUMBER})\s*(?:/\s*|\bout\s+of\s+)5(?:\.0)?\b{_AFTER}", re.IGNORECASE),
    re.compile(r"(?<![\d.])(?P<low>[1-5](?:\.\d)?)\s*分(?![钟之辨秒成别明])"),
]
_STATEMENTS = [
    re.compile(
        rf"(?:{'|'.join(_NAMES.values())})[^\n:=;.]{{0,60}}?[:=]\s*[*_`]*\s*[1-5](?:\.\d+)?(?:\s*/\s*5)?"
        r"(?=[*_`]*\s*(?:[;,.)|]|$|\(\d\)|and\b|</))",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(r"</?answer>|\bground[-_\s]*truth\s+(?:dim|scores?|ratings?|labels?)"
        r"|\bdim(?:ension)?[-\s]?[123]\s*[:=]\s*[1-5]\b",
        re.IGNORECASE),
]  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+")
# Cheap looks that pass a line in a hundred: every rationale of a release is read.
# No line states a score without one of these, in small letters; the numbers only where there is one of ":=".
_STATED = marks(">", "truth")
_STATED_WITH_VALUES = _STATED | marks(*"12345")
_VALUE_GIVEN = re.compile(r"[:=]\s*[*_`]*\s*[1-5]")
# No line names a score without a number that stands alone.
_ALONE = marks(*"12345", alone=r"{}(?<![\d.].)(?!\d)") | marks(*_WORDS, alone=r"{}(?<!\w{})\b")
_RATED = (
    "scor",
    "rating",
    " rate ",
    "rated",
    "grade",
    "deserve",
    "merit",
    "warrant",
    "give ",
    "gave",
    "of 5",
    "/5",
    "/ 5",
    "分",
)


@dataclass(frozen=True)
class Found:
    """Words that say something about scores: on which line (from 1), and the words themselves."""

    line: int
    words: str


def statements(text: str) -> list[Found]:
    """Where the text gives a score away in a form that taking out whole lines would not cure."""
    has_value = ":" in text or "=" in text
    stated = lines_with(text.lower(), _STATED_WITH_VALUES if has_value else _STATED)
    lines = text.split("\n") if stated else []
    return [
        Found(at + 1, match[0].strip())
        for at in stated
        if _may_state(lines[at])
        for pattern in _STATEMENTS
        for match in pattern.finditer(lines[at])
    ]


def at_odds(text: str, scores: Mapping[str, int]) -> list[Found]:
    """Where the text names a score that is not the record's; `scores` by dimension key.

    A mention counts for the one dimension that its sentence names, else for the one whose section it stands in,
    else for any: then it is at odds when no dimension has that score. A range is right around its score.
    """
    low = text.lower()
    numbered = lines_with(low, _ALONE)
    low_lines = low.split("\n") if numbered else []
    suspects = [at for at in numbered if _is_rated(low_lines[at])]
    lines = text.split("\n") if suspects else []
    found = []
    for at in suspects:
        for sentence in filter(_may_mention, _SENTENCE_END.split(lines[at])):
            for match in (match for pattern in _MENTIONS for match in pattern.finditer(sentence)):
                least, most = _value(match["low"]), _value(match.groupdict().get("high") or match["low"])
                dimension = _dimension_of(sentence, lines[: at + 1])
                whose = [scores[dimension]] if dimension else scores.values()
                if not any(least - 0.5 <= score <= most + 0.5 for score in whose):
                    found.append(Found(at + 1, match[0].strip()))
    return found


def _may_state(line: str) -> bool:
    """Whether a line is worth the expressions."""
    if (":" in line or "=" in line) and _VALUE_GIVEN.search(line):
        return True
    low = line.lower()
    return "answer>" in low or "truth" in low


def _may_mention(sentence: str) -> bool:
    """Whether a sentence is."""
    low = sentence.lower()
    return _is_rated(low) and any(number.search(low) for number in _ALONE.values())


def _is_rated(low: str) -> bool:
    """Whether words in small letters are about rating."""
    return any(map(low.__contains__, _RATED))


def _dimension_of(sentence: str, lines: Sequence[str]) -> str:
    """The dimension that a sentence at the end of these lines is about; "" where it is open."""
    named = _named(sentence)
    if named or _sums_up(sentence):
        return named[0] if len(named) == 1 else ""
    for line in reversed(lines):
        if heading := _HEADING.match(line):
            named = _named(heading["words"])
            return named[0] if len(named) == 1 else ""
    return ""


def _named(words: str) -> list[str]:
    """The dimensions that these words name, each once."""
    return list(dict.fromkeys(key for match in _NAME.finditer(words) for key in DIMENSION_KEYS if match[key]))


def _sums_up(sentence: str) -> bool:
    return bool(
        re.match(r"\W*(?:overall|in (?:sum|summary|conclusion|total)|all in all|altogether)\b", sentence, re.I)
    )


def _value(text: str) -> float:
    return float(_WORDS.get(text.lower(), 0) or text)
