"""Read VideoScore2's answers: three scores, the reasoning, and where each digit stands. Pure text, no models.

The model is asked to think between `<think>` and `</think>` and then to give three lines; what it and others
write instead is read as long as it says plainly which score each dimension gets. A score is a whole number of
1 to 5 right behind the dimension's name and a colon or equals sign, perhaps written 4.0 or 4/5. Never a default,
never a rounded value, never one from another scale, never one out of the thinking beside a final answer.

`complete`    closed thinking, then the three lines as asked for (numbered or not) and nothing else
`repaired`    the same three scores in any other form: think tags missing or left open, bold, one line, given
              twice (the last whole answer counts), before an explanation, 4.0, 4/5, line breaks written `\\n`
`unreadable`  fewer than three scores, or a last answer with a value that is none of ours

All patterns have bounded or possessive repeats and look at a bounded stretch behind each name, so the time grows
with the length of the text and no faster, whatever the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from annotation.scale import DIMENSION_KEYS, DIMENSIONS

READER = 1  # part of a scorer version's hash: raise it whenever the scores read from any text change

_TAG = re.compile(r"<\s?(/?)\s?think(?:ing)?\s?>", re.IGNORECASE)
_ESCAPED_BREAK = re.compile(r"\\[nrt]")
_ASKED_FOR = re.compile(
    r"\s*+"
    + r"[;,.]?[^\S\n]*+\n".join(
        rf"(?:\({number}\) )?{re.escape(dimension.output_name)}: ?[1-5]"
        for number, dimension in enumerate(DIMENSIONS, start=1)
    )
    + r"[;,.]?\s*+"
)

_JOIN = r"[\s_\-‐‑–]{0,3}"
_NAME = re.compile(
    rf"(?<![^\W_])(?:(?P<visual_quality>visual{_JOIN}quality)"
    rf"|(?P<text_alignment>(?:t2v|text(?:{_JOIN}(?:to|2){_JOIN}video|{_JOIN}video)?){_JOIN}(?:alignment|consistency))"
    rf"|(?P<physical_consistency>(?:physical(?:\s{{0,3}}(?:/|and|or|&|,|-|_)\s{{0,3}}common{_JOIN}sense)?"
    rf"|common{_JOIN}sense){_JOIN}consistency))",
    re.IGNORECASE,
)
_REACH = 200  # characters behind a name in which its score must stand
# What the dimension covers or how the name is marked up (`– clarity, artifacts`, `Score**`), then the number.
_NUMBER = re.compile(
    r"[^:=：\n]{0,120}+[:=：](?P<gap>[\s*_`\"'<\[]{0,8}+)(?P<sign>[-−+]?)(?P<whole>\d++)"
    r"(?:[.,](?P<fraction>[0-9]++))?"
    r"(?:\s{0,3}(?:/|(?:out )?of\b)\s{0,3}(?P<top>[0-9]++)(?:\.(?P<top_fraction>[0-9]++))?)?"
)
_MARKS = r"[*_`\"'\]>)]*+"
# Behind a number: signs that it is no score (4K, 3 people, 2-3, 2 or 3, 80 %, 7/10, 4+). `and` may join scores.
_NO_SCORE = re.compile(
    rf"{_MARKS}(?:[.,][0-9]|[^\S\n]*+(?:(?!and\s{{0,3}}(?:the\s{{0,3}})?\Z)\w|[%+]|[-–—−~](?=\w)|[-–—−~/]\s{{0,3}}[0-9]))"
)
_ALONE_ON_LINE = re.compile(rf"{_MARKS}[;,.]*+[^\S\n]*+(?:\n|\Z)")
_CLOSING = re.compile(rf"{_MARKS}[;,.]*+{_MARKS}")
_NOTHING_MORE = re.compile(r"(?:[\s*_`\"'\].;,]|</?answer>)*+", re.IGNORECASE)
_LABELS = re.compile(r"\\[nrt]|\bdim(?:ension)?\b|\band\b|</?answer>|[\W\d_]", re.IGNORECASE)
_ANSWER_TAG = re.compile(r"</?answer>", re.IGNORECASE)

Span = tuple[int, int]


@dataclass(frozen=True)
class ReadAnswer:
    """What an answer says. `scores` and `digits` hold all three dimensions or, when unreadable, none."""

    rationale: str  # the thinking without its tags; where there is none, the text beside the scores
    status: Literal["complete", "repaired", "unreadable"]
    scores: dict[str, int] = field(default_factory=dict)  # 1 to 5 by dimension key
    digits: dict[str, int] = field(default_factory=dict)  # offset in the text of each score's digit, by key


class _Given(NamedTuple):
    """A number given to a dimension; the score is None where the number is none of ours."""

    key: str
    score: int | None
    digit: int
    start: int
    end: int


class _Parts(NamedTuple):
    """Spans of a text: thinking with its end, what is outside, and thinking that was never closed."""

    thoughts: list[Span]
    outside: list[Span]
    unclosed: Span | None


def read_answer(text: str) -> ReadAnswer:
    """The scores, reasoning and digit offsets of a raw answer. Never raises: unreadable is a status."""
    # Line breaks written as two characters become blanks and a break of the same length: offsets stay true.
    plain = _ESCAPED_BREAK.sub(lambda found: " \n" if found[0] == r"\n" else "  ", text)
    parts = _parts(plain)
    answer = _final_answer(plain, parts)
    # Raters should see breaks, not `\n`, where all breaks are written so; elsewhere it is a quotation.
    rationale = _rationale(text if "\n" in text.strip() else plain, parts, answer)
    if not answer:
        return ReadAnswer(rationale, "unreadable")
    return ReadAnswer(
        rationale,
        "complete" if _is_as_asked_for(text, parts) else "repaired",
        scores={given.key: given.score for given in answer if given.score},
        digits={given.key: given.digit for given in answer},
    )


def _parts(text: str) -> _Parts:
    """Cut the text at its think tags. A first tag that closes ends a thinking whose opening tag is missing."""
    thoughts: list[Span] = []
    outside: list[Span] = []
    start, thinking = 0, None
    for tag in _TAG.finditer(text):
        closes = bool(tag[1])
        inside = thinking or (thinking is None and closes)
        (thoughts if inside else outside).append((start, tag.start()))
        start, thinking = tag.end(), not closes
    if thinking:
        return _Parts(thoughts, outside, (start, len(text)))
    return _Parts(thoughts, [*outside, (start, len(text))], None)


def _final_answer(text: str, parts: _Parts) -> list[_Given]:
    """The last whole answer outside the thinking, or the one that ends a thinking never closed; else nothing.

    The last part that gives any number decides, so that an answer cut off is not replaced by an earlier one.
    """
    for span in reversed(parts.outside):
        if givens := list(_givens(text, span)):
            return _last_answer(givens)
    if parts.unclosed:
        answer = _last_answer(list(_givens(text, parts.unclosed)))
        if answer and _NOTHING_MORE.fullmatch(text, answer[-1].end):
            return answer
    return []


def _last_answer(givens: list[_Given]) -> list[_Given]:
    """The last three numbers that stand in the asked order, if all three are scores."""
    for first in range(len(givens) - 3, -1, -1):
        answer = givens[first : first + 3]
        if tuple(given.key for given in answer) == DIMENSION_KEYS:
            return answer if all(given.score for given in answer) else []
    return []


def _givens(text: str, span: Span) -> Iterator[_Given]:
    """Each number that this stretch of text gives to a dimension, in order."""
    names = list(_NAME.finditer(text, *span))
    nexts = [*(name.start() for name in names[1:]), span[1]]
    for name, following in zip(names, nexts, strict=False):  # no names, one end
        stop = min(following, name.end() + _REACH)
        number = _NUMBER.match(text, name.end(), stop)
        if number is None:
            continue
        # On the next line only a number by itself: `Visual quality:`, break, `1. The colours` is a list.
        if "\n" in number["gap"] and not _ALONE_ON_LINE.match(text, number.end(), span[1]):
            continue
        score = None if _NO_SCORE.match(text, number.end(), stop) else _score(number)
        end = _CLOSING.match(text, number.end(), stop)
        yield _Given(
            name.lastgroup or "", score, number.start("whole"), name.start(), end.end() if end else number.end()
        )


def _score(number: re.Match[str]) -> int | None:
    """The number as a score, or None: not whole, out of 1 to 5, or out of another top than 5."""
    if number["sign"] or number["whole"] not in {"1", "2", "3", "4", "5"}:
        return None
    if (number["fraction"] or "").strip("0") or (number["top_fraction"] or "").strip("0"):
        return None
    return int(number["whole"]) if number["top"] in (None, "5") else None


def _is_as_asked_for(text: str, parts: _Parts) -> bool:
    """Whether the answer is one closed thinking and the three lines, as the model was taught."""
    if parts.unclosed or len(parts.thoughts) != 1 or len(parts.outside) != 2:
        return False
    (start, end), behind = parts.outside
    return not text[start:end].strip() and bool(_ASKED_FOR.fullmatch(text, *behind))


def _rationale(text: str, parts: _Parts, answer: list[_Given]) -> str:
    """The thinking; where it is empty or `None`, what stands beside the scores."""
    thoughts = [*parts.thoughts, *([parts.unclosed] if parts.unclosed else [])]
    for spans in (thoughts, parts.outside):
        proses = (_prose(text, span, answer) for span in spans)
        if kept := [prose for prose in proses if prose and prose.lower() != "none"]:
            return "\n\n".join(kept)
    return ""


def _prose(text: str, span: Span, answer: list[_Given]) -> str:
    """This stretch without the scores read from it, and without the lines that held nothing else."""
    lines: list[str] = []
    start = span[0]
    for line in text[slice(*span)].split("\n"):
        stop = start + len(line)
        kept = line
        here = [given for given in answer if given.start < stop and given.end > start]
        for given in reversed(here):
            kept = kept[: max(given.start - start, 0)] + kept[given.end - start :]
        if not here or _LABELS.sub("", kept):
            lines.append(kept)
        start = stop + 1
    return _ANSWER_TAG.sub("", "\n".join(lines)).strip()
