"""Time marks: moments named in a reason as plain text, `[1.38s f11]`. Pure text, no models."""

import re
from dataclasses import dataclass

TIME_MARK = re.compile(r"\[(\d{1,6}(?:\.\d{1,6})?)s f(\d{1,7})\]")


@dataclass(frozen=True)
class Moment:
    """A moment of a video: seconds from its start, and its frame counted from 0."""

    seconds: float
    frame: int

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s f{self.frame}"


def moments_in(text: str) -> list[Moment]:
    """The moments that a reason names, in the order of the text."""
    return [Moment(float(seconds), int(frame)) for seconds, frame in TIME_MARK.findall(text)]


def in_words(text: str) -> str:
    """The text with its marks in words: "blurs [1.38s f11]" becomes "blurs at 1.4 s"."""
    if "[" not in text:
        return text
    before, *rest = TIME_MARK.split(text)
    written = [before]
    for seconds, _, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        before = written.pop()
        written += [_up_to_time(before), f"{float(seconds):.1f} s{' ' if _is_word(after[:1]) else ''}", after]
    return "".join(written)


def _up_to_time(before: str) -> str:
    """The words before a time with an "at" at their end, which the rater may have written already."""
    words = before.rstrip()
    has_at = len(words) < len(before) and words[-2:].lower() == "at" and not _is_word(words[-3:-2])
    return f"{words} " if has_at else f"{before}at "


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
