"""Find and remove lines of a rationale that give the scores away. Pure text, no models.

About a third of VideoFeedback2's published reasonings leak lines such as `ground-truth of Dim-1: 'Visual
Quality':` with the score on the next line; VideoScore2's own answers sometimes end in `Dim-1 Visual Quality: 4`
or repeat the three score lines inside the reasoning. Prose that merely mentions a score is kept: it is the
writer's reasoning.
"""

import re

from annotation.line_search import lines_with, marks

_VALUE = r"[1-5](?:\.\d+)?(?:\s*/\s*5)?"
_NAME = (
    r"(?:dim(?:ension)?[-\s]*[123]\b[^\n:=]{0,80}?"
    r"|visual\s+quality|text[-\s]to[-\s]video\s+(?:alignment|consistency)|t2v[-_\s]alignment|text\s+alignment"
    r"|physical(?:\s*(?:/|and)\s*common[-\s]sense)?\s+consistency|common[-\s]sense\s+consistency)"
)
_ONE_SCORE = (
    rf"[\s>*#_`•|\-–—]*(?:\(?[123][.)]\s*)?[*_`]*{_NAME}[^\n:=;|]{{0,80}}?\s*[:=|]\s*[*_`]*\s*{_VALUE}[*_`|\s]*"
)
_BARE_SCORE = (
    r"[\s>*#_`•\-–—]*(?:(?:final|overall|total|my)\s+)?(?:scores?|ratings?)[*_`]*\s*[:=]\s*[*_`]*\s*"
    rf"{_VALUE}[*_`\s]*"
)
_SCORE_LINE = re.compile(
    rf"\s*(?:</?(?:answer|think)>\s*)*(?:{_ONE_SCORE}(?:[;,]{_ONE_SCORE})*|{_BARE_SCORE})[;,.\s]*(?:</answer>\s*)?",
    re.IGNORECASE,
)
_GROUND_TRUTH = re.compile(
    r"\bground[-_\s]*truth\W*(?:(?:of|for|is|are)\s+)?(?:the\s+)?(?:human\s+)?"
    r"(?:dim|scores?\b|ratings?\b|labels?\b|visual|text[-\s]to|t2v|physical|[1-5]\b)",
    re.IGNORECASE,
)
_SEPARATORS = ":=|"  # one stands before each score of a score line
_TRUTH = marks("truth")
_TRUTH_AND_VALUES = _TRUTH | marks(*"12345")
_BARE_VALUE = re.compile(rf"[\s*_`'\"(\[\-]*{_VALUE}[\s*_`'\")\].;,]*")


def strip_leaks(text: str) -> tuple[str, int]:
    """The text without the lines that leak scores, and how many such lines there were.

    A bare score right below a leaking line goes with it. Without a leak the text comes back as it was; the
    blank lines around a removed line are closed up.
    """
    has_value = any(map(text.__contains__, _SEPARATORS))
    suspects = lines_with(text.lower(), _TRUTH_AND_VALUES if has_value else _TRUTH)  # no other line leaks
    lines = text.split("\n") if suspects else []
    if not any(leaks_scores(lines[at]) for at in suspects):
        return text, 0
    kept: list[str] = []
    stripped = 0
    after_leak = gap = False
    for line in lines:
        if after_leak and not line.strip():
            gap = True
            continue
        after_leak = leaks_scores(line) or (after_leak and bool(_BARE_VALUE.fullmatch(line)))
        if after_leak:
            stripped += 1
            continue
        if gap and kept and kept[-1].strip():
            kept.append("")
        gap = False
        kept.append(line)
    return ("\n".join(kept).rstrip(), stripped) if stripped else (text, 0)


def leaks_scores(line: str) -> bool:
    """Whether this line names a ground truth of the scores or is nothing but scores."""
    if "truth" in line.lower() and _GROUND_TRUTH.search(line):
        return True
    return any(map(line.__contains__, _SEPARATORS)) and bool(_SCORE_LINE.fullmatch(line))
