"""Looking for rare marks first finds the lines that reading every line would find."""

import re

from hypothesis import given
from hypothesis import strategies as st

from annotation.leaks import leaks_scores, strip_leaks
from annotation.line_search import lines_with, marks
from annotation.scale import DIMENSION_KEYS
from annotation.score_mentions import at_odds, statements

SOME = ("1", "4", "one", "truth")
PIECES = [
    "I would rate this a", "scores", "scored", "rating", "gave", "deserves", "1", "4", "5", "1080p", ".5", "4/5", "out of 5",
    "2-3", "打4分", "one", "stone", "three", "truth", "ground-truth of Dim-1", "Ground truth scores", "Dim-2", ":", "=", "|", "3",
    "visual quality", "Physical consistency", "(1)", "**", "<answer>", "</answer>", ".", "; ", ", ", "İ", "’", "in sum", "for",
    " ", " ", "  ", "\t", "\n", "\n", "\n", "\n\n",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.lists(
    st.sampled_from(PIECES), max_size=30
).map(" ".join)
NO_SCORES = dict.fromkeys(DIMENSION_KEYS, 0)  # every mention is at odds with them


@given(TEXTS)
def test_lines_with_a_mark_are_those_that_hold_it(text):
    lines = text.split("\n")
    assert lines_with(text, marks(*SOME)) == [
        at for at, line in enumerate(lines) if any(one in line for one in SOME)
    ]
    alone = [at for at, line in enumerate(lines) if re.search(r"\b(?:4|one)\b", line)]
    assert lines_with(text, marks("4", "one", alone=r"{}(?<!\w{})\b")) == alone


@given(TEXTS)
def test_a_text_says_of_scores_what_its_lines_say(text):
    lines = text.split("\n")
    numbered = list(enumerate(lines, start=1))
    assert (strip_leaks(text)[1] > 0) == any(map(leaks_scores, lines))
    stated = [(number, found.words) for number, line in numbered for found in statements(line)]
    assert [(found.line, found.words) for found in statements(text)] == stated
    named = [(number, found.words) for number, line in numbered for found in at_odds(line, NO_SCORES)]
    assert [(found.line, found.words) for found in at_odds(text, NO_SCORES)] == named
