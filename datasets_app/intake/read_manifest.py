"""Read a manifest: one JSON object a line, each good line a `Row`, each bad one a reason."""

import json
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

MAX_LINE_BYTES = 1024**2
MAX_PROMPT_CHARACTERS = 20_000
BOM = b"\xef\xbb\xbf"
UNKNOWN_MODEL = "unknown"
NAMED_CHARACTERS = 120
# Key of the manifest -> most characters.
TEXT_KEYS = {
    "video": 4_000,
    "prompt": MAX_PROMPT_CHARACTERS,
    "t2v_model": 200,
    "video_name": 200,
    "prompt_source": 100,
    "tier": 50,
}


class BadRow(Exception):
    """This line cannot be used; the message is a sentence for people."""

    named = ""  # what people know the row by


@dataclass(frozen=True)
class Row:
    """A line of a manifest that can be used."""

    line: int
    video: str  # the path or address as written
    prompt: str
    t2v_model: str = UNKNOWN_MODEL
    name: str = ""
    prompt_source: str = ""
    tier: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)  # all other keys


def read_lines(
    manifest: BinaryIO, *, after: int = 0, only: Container[int] | None = None
) -> Iterator[tuple[int, Row | BadRow]]:
    """Number and content of every line past line `after`, in constant memory; empty lines are passed over.

    Where `only` is given, of these lines alone.
    """
    number = 0
    while line := manifest.readline(MAX_LINE_BYTES + 1):
        number += 1
        is_whole = len(line) <= MAX_LINE_BYTES
        if not is_whole:
            _skip_rest(manifest, line)
        if number <= after or (only is not None and number not in only):
            continue
        if number == 1:
            line = line.removeprefix(BOM)
        if is_whole and not line.strip():
            continue
        try:
            if not is_whole:
                raise BadRow(f"The line is longer than {MAX_LINE_BYTES} bytes.")
            yield number, read_row(number, line)
        except BadRow as bad:
            bad.named = named_in(line)
            yield number, bad


def count_lines(manifest: BinaryIO) -> int:
    """Lines of the manifest, empty ones included; the file is left at its start."""
    manifest.seek(0)
    lines, last = 0, b"\n"
    while chunk := manifest.read(MAX_LINE_BYTES):
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    manifest.seek(0)
    return lines + (last != b"\n")


def read_row(number: int, line: bytes) -> Row:
    """The row that a line holds. Raises `BadRow`."""
    record = parse_object(line)
    texts = {key: read_text(record, key, most) for key, most in TEXT_KEYS.items()}
    if not texts["video"]:
        raise BadRow("`video` is missing.")
    if not texts["prompt"].strip():
        raise BadRow("`prompt` is missing.")
    return Row(
        line=number,
        video=texts["video"],
        prompt=texts["prompt"],
        t2v_model=texts["t2v_model"].strip() or UNKNOWN_MODEL,
        name=check_name(texts["video_name"].strip() or name_of(texts["video"])),
        prompt_source=texts["prompt_source"].strip(),
        tier=texts["tier"].strip(),
        metadata={key: value for key, value in record.items() if key not in TEXT_KEYS},
    )


def named_in(line: bytes) -> str:
    """What people know a row by, whatever is wrong with it: its video, else its prompt, else how it begins."""
    try:
        record = parse_object(line)
    except BadRow:
        return _printable(line[: 4 * NAMED_CHARACTERS + 4].decode(errors="replace"))
    texts = [value if isinstance(value := record.get(key), str) else "" for key in ("video", "prompt")]
    return name_video(texts[0]) or _printable(texts[1])


def name_video(video: str) -> str:
    """A path's end, which tells more than its beginning, or an address's beginning."""
    if len(video) > NAMED_CHARACTERS and not is_address(video):
        return "…" + _printable(video[1 - NAMED_CHARACTERS :])
    return _printable(video)


def _printable(text: str) -> str:
    """So much of a stranger's text as a table shows, on one line."""
    text = "".join(character if character.isprintable() else " " for character in text).strip()
    return text if len(text) <= NAMED_CHARACTERS else text[: NAMED_CHARACTERS - 1] + "…"


def parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line, fit to be stored. Raises `BadRow`."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise BadRow(f"The line is not UTF-8 (byte {error.start + 1}).") from None
    try:
        record = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        wrong = error.msg.removesuffix(" at")
        raise BadRow(f"The line is not JSON ({wrong}, column {error.colno}).") from None
    except (ValueError, RecursionError):
        raise BadRow("The line is not JSON that can be read.") from None
    if not isinstance(record, dict):
        raise BadRow("The line is not a JSON object.")
    # Written out again: an escape in the text may hide what a database refuses.
    written = json.dumps(record, ensure_ascii=False)
    if "\\u0000" in written:
        raise BadRow("The line holds a NUL character.")
    try:
        written.encode()
    except UnicodeEncodeError:
        raise BadRow("The line holds half of a surrogate pair.") from None
    return record


def read_text(record: dict[str, Any], key: str, most: int) -> str:
    """The text under a key, empty where there is none. Raises `BadRow`."""
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"`{key}` must be text.")
    if len(value) > most:
        raise BadRow(f"`{key}` is longer than {most} characters.")
    return value


def is_address(video: str) -> bool:
    """Whether this is no path but the address of a file elsewhere."""
    return "://" in video


def name_of(video: str) -> str:
    """The file's name without its ending, from a path or an address."""
    if not is_address(video):
        return PurePosixPath(video).stem
    try:
        return PurePosixPath(unquote(urlsplit(video).path)).stem
    except ValueError:
        raise BadRow("The address in `video` cannot be read.") from None


def check_name(name: str) -> str:
    """A video's name, which files of a release are called by. Raises `BadRow`."""
    if any(character in "/\\" or not character.isprintable() for character in name) or name in (".", ".."):
        raise BadRow("`video_name` must not hold slashes or control characters.")
    if not name or len(name) > TEXT_KEYS["video_name"]:
        raise BadRow("`video_name` is missing or too long.")
    return name


def _skip_rest(manifest: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = manifest.readline(MAX_LINE_BYTES)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
