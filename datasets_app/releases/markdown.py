"""Markdown for files that we write: other people's words stay words, and a table is a table."""

import re
from collections.abc import Iterable, Iterator, Sequence

_MARKS = re.compile(r"([\\`*_\[\]<>|#!])")


def cell(text: str) -> str:
    """A text on one line without a meaning of its own to Markdown or HTML."""
    return _MARKS.sub(r"\\\1", printable(text))


def printable(text: str) -> str:
    """A text on one line without characters that YAML and XML cannot hold."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table's lines; cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
