"""One byte range of a file (RFC 9110, section 14). Asked for several at once, the whole file is the answer."""

import re
from collections.abc import Iterator
from typing import BinaryIO

CHUNK_BYTES = 256 * 1024
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The asked range has no byte of the file."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and number of bytes that a Range header asks of a file of `size` bytes.

    None where the header says nothing usable (another unit, several ranges, nonsense): then the whole file is
    the answer. Raises `Unsatisfiable` where the file has no such byte.
    """
    asked = ONE_RANGE.fullmatch(header.strip().replace(" ", ""))
    if not asked or asked.groups() == ("", ""):
        return None
    first_text, last_text = asked.groups()
    if not first_text:
        length = min(int(last_text), size)
        if length == 0:
            raise Unsatisfiable
        return size - length, length
    first = int(first_text)
    last = min(int(last_text), size - 1) if last_text else size - 1
    if last_text and int(last_text) < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, last - first + 1


class FileSlice:
    """Some bytes of an open file, read in chunks; Django closes it when the answer ends or is dropped."""

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        self.file = file
        self.first = first
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.first)
        left = self.length
        while left > 0 and (chunk := self.file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()
