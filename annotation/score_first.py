"""Find a rationale that names a score before it has reasoned. Pure text, no models.

A model that is trained on "score, then think" learns to guess the score and to defend it. A reasoning that
comes to a score and names it is left alone: more than half of VideoFeedback2's do, the earliest after a third
of the text.
"""

import re

from annotation.scale import DIMENSION_KEYS
from annotation.score_mentions import Found, at_odds

FEW = 10  # words before a score that are no reasoning yet
_OPENING = 300  # characters, more than so many words have
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")  # a Chinese character is one
_NO_SCORES = dict.fromkeys(DIMENSION_KEYS, 0)  # every mention is at odds with them


def names_score_first(text: str) -> list[Found]:
    """The first mention of a score, where fewer than `FEW` words stand before it; empty where none does."""
    opening = text[:_OPENING]
    found = [
        (len(_WORD.findall(opening[: opening.find(mention.words)])), mention)
        for mention in at_odds(opening, _NO_SCORES)
    ]
    return [mention for words, mention in found if words < FEW][:1]
