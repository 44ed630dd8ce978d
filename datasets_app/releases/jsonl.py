"""The one way to write and read JSON Lines: a row is a line, whatever its texts hold.

U+2028, U+2029 and U+0085 are escaped because many readers split lines at them. NUL is escaped by JSON itself.
A lone surrogate is no text: it becomes U+FFFD, since strict readers (PyArrow, RapidJSON) refuse its escape.
"""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_LINE_BREAKS = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def dump_line(row: Mapping[str, Any]) -> bytes:
    """One row as UTF-8 JSON with a line break at its end; keys keep their order. NaN raises ValueError."""
    text = _ENCODER.encode(row)
    for line_break, escape in _LINE_BREAKS.items():
        text = text.replace(line_break, escape)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return replace_lone_surrogates(text).encode() + b"\n"


def replace_lone_surrogates(text: str) -> str:
    """The text with pairs of surrogates joined and lone ones replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_lines(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """(line number from 1, value) of each line that is not blank; an unreadable line's value is a ValueError."""
    for number, line in enumerate(file, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text:
            yield number, _value(text)


def _value(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return ValueError(f"is not JSON ({error})")
