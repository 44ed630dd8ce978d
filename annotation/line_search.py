"""Find the few lines of a text that are worth a closer look. Pure text, no models."""

import re

Marks = dict[str, re.Pattern[str]]  # expressions by the characters that each of them begins with


def marks(*characters: str, alone: str = "{}") -> Marks:
    """What `lines_with` looks for: these characters, or with `alone` an expression that begins with them."""
    return {each: re.compile(alone.replace("{}", each)) for each in characters}


def lines_with(text: str, wanted: Marks) -> list[int]:
    """The lines (counted from 0) in which one of the marks is found; cheap where there are few.

    Characters that are not in the text cost least; one expression for all marks would try every character.
    """
    there = [mark for characters, mark in wanted.items() if characters in text]
    found: dict[int, None] = {}
    line = counted = 0
    for at in sorted([match.start() for mark in there for match in mark.finditer(text)]):
        line += text.count("\n", counted, at)
        counted = at
        found[line] = None
    return list(found)
