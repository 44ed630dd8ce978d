"""From generated tokens to an answer: the reader finds the digits, the recorded steps give their probabilities."""

from collections.abc import Callable, Sequence

from scoring.answers import read_answer
from scoring.protocol import Answer, Opinion, Probabilities, Saw, UnreadableAnswer
from scoring.token_offsets import decode_tokens

Chances = Callable[[int], Probabilities | None]  # by generated step, from 0


def read_tokens(tokens: Sequence[bytes], chances: Chances, saw: Saw) -> Answer:
    """The scores, each with the probabilities at the step that wrote its digit. Raises `UnreadableAnswer`.

    `tokens` are UTF-8 bytes without special tokens' (b""), so that tokens and steps count alike.
    """
    written = decode_tokens(tokens)
    found = read_answer(written.text)
    if found.status == "unreadable":
        raise UnreadableAnswer(written.text, saw)
    return Answer(
        opinions={
            key: Opinion(score, chances(written.token_at(found.digits[key])))
            for key, score in found.scores.items()
        },
        rationale=found.rationale,
        raw_text=written.text,
        frames=len(saw.frames),
        saw=saw,
        form=found.status,
    )
