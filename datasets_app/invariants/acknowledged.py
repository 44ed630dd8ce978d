"""I1: what raters were told is stored, is stored as they sent it."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from annotation.models import Rating
from annotation.scale import DIMENSION_KEYS

CHUNK = 500  # lines in memory at once
PLAIN_COLUMNS = (*DIMENSION_KEYS, *(f"{key}_reason" for key in DIMENSION_KEYS), "flagged", "change_reason")


def lost_ratings(acks: Path | None) -> Iterator[str]:
    """Compare a log with what is stored: one JSON object a line, the submit's answer with what was sent.

    `rating` is its number; of scores, reasons, flag, reason of a change, `submit_key` and `rater` (a number) those
    that a line has must be equal. An unreadable line is named too.
    """
    if acks is None:
        return
    with acks.open("rb") as log:
        lines = enumerate(log, start=1)
        while chunk := list(islice(lines, CHUNK)):
            yield from _lost_of([(number, line) for number, line in chunk if line.strip()])


def _lost_of(lines: list[tuple[int, bytes]]) -> Iterator[str]:
    read = {number: _read(line) for number, line in lines}
    stored = Rating.objects.in_bulk([ack["rating"] for ack in read.values() if ack])
    for number, ack in read.items():
        if ack is None:
            yield f"line {number} is no acknowledgement"
        elif wrong := _differences(ack, stored.get(ack["rating"])):
            yield f"line {number}: rating {ack['rating']} {', '.join(wrong)}"


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        ack = json.loads(line)
        if not isinstance(ack, dict) or type(ack["rating"]) is not int or not 0 < ack["rating"] < 2**63:
            return None
        return ack | ({"submit_key": UUID(ack["submit_key"])} if "submit_key" in ack else {})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _differences(ack: dict[str, Any], rating: Rating | None) -> list[str]:
    if rating is None:
        return ["is not stored"]
    names = {column: column for column in (*PLAIN_COLUMNS, "submit_key")} | {"rater": "rater_id"}
    wrong = [said for said, column in names.items() if said in ack and ack[said] != getattr(rating, column)]
    return [f"{said} differs" for said in wrong]
