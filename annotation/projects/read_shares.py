"""Reading shares as the command line writes them."""

from collections.abc import Collection
from decimal import Decimal, InvalidOperation


def read_shares(text: str, *, allowed: Collection[str]) -> dict[str, int]:
    """`prefill=0.9,blind=0.1` as whole percents by name; `ValueError` with one clear line for anything else."""
    percents: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in allowed:
            raise ValueError(f"unknown arm {name!r}; known are {', '.join(allowed)}")
        if name in percents:
            raise ValueError(f"{name} is given twice")
        percents[name] = _percent(name, number)
    if sum(percents.values()) != 100:
        raise ValueError(f"the shares add up to {sum(percents.values()) / 100:g}, not to 1")
    return percents


def _percent(name: str, number: str) -> int:
    try:
        percent = Decimal(number) * 100
        whole = int(percent)
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"{name}={number!r} is not a share between 0 and 1") from None
    if not 0 <= percent <= 100:
        raise ValueError(f"{name}={number} is not a share between 0 and 1")
    if percent != whole:
        raise ValueError(f"{name}={number} is finer than whole percents")
    return whole
