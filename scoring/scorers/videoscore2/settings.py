"""What VideoScore2's answers depend on, beside the weights. Loads nothing heavy.

Raise `REVISION` whenever the code would see, ask or decode otherwise; the reader has a number of its own.
"""

from typing import Any

from scoring.answers import READER

REVISION = 1

# The model card's own settings (TIGER-Lab/VideoScore2), but for its temperature of 0.7: greedy gives
# the same video the same suggestion. Samples after the first are drawn at the card's temperature.
SETTINGS: dict[str, Any] = {
    "revision": REVISION,
    "reader": READER,
    "query": "card",
    "fps": 2.0,
    "max_new_tokens": 1024,
    "temperature": 0.7,
    "probabilities": "after repetition penalty",
}
# Servers report the model's own probabilities.
SERVED_SETTINGS: dict[str, Any] = SETTINGS | {"probabilities": "the server's"}
