"""Reading what a server sent: the answer's tokens, and how likely each score was at every step. Pure.

The form is OpenAI's: `choices[0].message.content`, and per token `logprobs.content[].bytes` with `top_logprobs`.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.protocol import Probabilities, VideoFault

DIGITS = (b"1", b"2", b"3", b"4", b"5")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Reply:
    """Tokens as UTF-8 bytes (b"" for special ones); `chances` has p(1) to p(5) by token, None where not known."""

    tokens: tuple[bytes, ...]
    chances: tuple[Probabilities | None, ...]
    prompt_tokens: int | None  # None where the server does not count


def read_reply(reply: Mapping[str, Any], special: Collection[bytes]) -> Reply:
    """What a server sent, whichever of its parts are missing. Raises `VideoFault` where no answer is in it."""
    try:
        choice = reply["choices"][0]
        text = (choice["message"].get("content") or "").encode("utf-8", "replace")
        steps = (choice.get("logprobs") or {}).get("content") or []
        tokens = [_bytes(step) for step in steps]
        chances = [_chances(step) for step in steps]
        counted = (reply.get("usage") or {}).get("prompt_tokens")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise VideoFault("the server's answer has an unknown form", permanent=False) from None
    tokens = [b"" if token in special else token for token in tokens]
    if not tokens:
        return Reply((text,), (None,), counted)
    if UNKNOWN in b"".join(tokens).decode("utf-8", "replace"):
        return Reply(*_mend(text, tokens, chances), counted)
    return Reply(tuple(tokens), tuple(chances), counted)


def _bytes(token: Mapping[str, Any]) -> bytes:
    """A token's bytes; a server need not send them beside its text."""
    sent = token.get("bytes")
    return bytes(sent) if sent is not None else str(token["token"]).encode()


def _chances(step: Mapping[str, Any]) -> Probabilities | None:
    """p(1) to p(5) at one step. A digit that is not among the alternatives sent counts 0; all five: not known."""
    alternatives = [step, *(step.get("top_logprobs") or [])]
    found = {_bytes(one): math.exp(min(float(one["logprob"]), 0.0)) for one in reversed(alternatives)}
    p1, p2, p3, p4, p5 = (found.get(digit, 0.0) for digit in DIGITS)
    return Probabilities((p1, p2, p3, p4, p5)) if p1 + p2 + p3 + p4 + p5 > 0 else None


def _mend(
    text: bytes, tokens: Sequence[bytes], chances: Sequence[Probabilities | None]
) -> tuple[tuple[bytes, ...], tuple[Probabilities | None, ...]]:
    """The same tokens where some hold U+FFFD, as servers write a token that ends inside a character.

    The text itself is whole. As many tokens as it ends with keep their places; what is before them becomes one
    token, whose step is not known. The scores stand at the end.
    """
    kept = len(tokens)
    while kept and text.endswith(tokens[kept - 1]):
        kept -= 1
        text = text[: len(text) - len(tokens[kept])]
    return (text, *tokens[kept:]), (None, *chances[kept:])
