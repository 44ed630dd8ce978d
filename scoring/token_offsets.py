"""Which token holds which character of a generated text: found in one pass, then by bisection.

Decoding the growing text again at every step, as the official script does, is quadratic: seconds an answer.
"""

import codecs
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TokenText:
    """The text of a sequence of tokens, and where each token's share of it ends."""

    text: str
    ends: tuple[int, ...]  # character offset behind each token, by token index; never falls

    def token_at(self, offset: int) -> int:
        """Index of the token that holds this character. Raises `IndexError` outside the text.

        A character whose bytes are spread over several tokens belongs to the one that completes it.
        """
        if not 0 <= offset < len(self.text):
            raise IndexError(f"the text has {len(self.text)} characters, none at {offset}")
        return bisect_right(self.ends, offset)


def decode_tokens(tokens: Sequence[bytes]) -> TokenText:
    """Decode UTF-8 tokens, given as bytes (b"" for special ones), in time linear in their bytes.

    Bad bytes become U+FFFD, just as in decoding all at once; what is cut off at the end counts to the last token.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces: list[str] = []
    ends: list[int] = []
    length = 0
    for index, token in enumerate(tokens):
        piece = decoder.decode(token, final=index == len(tokens) - 1)
        length += len(piece)
        pieces.append(piece)
        ends.append(length)
    return TokenText("".join(pieces), tuple(ends))
