"""Read an annotation file: a JSON list or JSON Lines, of records or of the raw export."""

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple

from django.utils.translation import gettext as _

from datasets_app.opinions.annotation_rows import AnnotationRow, BadRow
from datasets_app.opinions.raw_export import is_raw_item, read_raw_item
from datasets_app.opinions.records import read_record
from datasets_app.releases.jsonl import read_lines


class Refused(NamedTuple):
    """A row that was not taken: where it stands and why."""

    place: str
    reason: str


class UnreadableFileError(ValueError):
    """The file as a whole is none of the forms; the message is a sentence for people."""


def read_annotations(file: IO[bytes]) -> Iterator[AnnotationRow | Refused]:
    """The file's rows in order. JSON Lines are streamed; a JSON list is loaded whole."""
    for place, value in _values(file):
        try:
            yield _row(place, value)
        except BadRow as error:
            yield Refused(place, str(error))


def _row(place: str, value: Any) -> AnnotationRow:
    if isinstance(value, ValueError):
        raise BadRow(str(value))
    if not isinstance(value, dict):
        raise BadRow("is no JSON object")
    return read_raw_item(value, place) if is_raw_item(value) else read_record(value, place)


def _values(file: IO[bytes]) -> Iterable[tuple[str, Any]]:
    start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if start[:1] == b"[":
        return _items(file)
    if start[:1] == b"{":
        return ((f"line {number}", value) for number, value in read_lines(file))
    raise UnreadableFileError(
        _("The file is empty.") if not start else _("The file is neither a JSON list nor JSON Lines.")
    )


def _items(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    try:
        values = json.loads(file.read().removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(_("The file is not JSON: %(error)s.") % {"error": error}) from error
    for number, value in enumerate(values, start=1):
        yield f"item {number}", value
