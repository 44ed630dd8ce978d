"""The one way to write CSV: quoted where needed, UTF-8, and no cell that a spreadsheet would run as a formula."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from datasets_app.releases.jsonl import replace_lone_surrogates

# A text that begins so is a formula to some spreadsheet; a tab or line break before it is skipped by some.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The header and each row, UTF-8. None is an empty cell; what looks like a formula gets a leading quote."""
    for row in itertools.chain([header], rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([_cell(value) for value in row])
        yield line.getvalue().encode()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = replace_lone_surrogates(value).replace("\0", "�")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
