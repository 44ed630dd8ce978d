"""Which split a video belongs to: drawn by its prompt, so that no prompt is in two splits."""

import hashlib
import unicodedata
from collections.abc import Mapping

TOLERANCE = 1e-6


def normalise_prompt(text: str) -> str:
    """Prompts that differ only in case, width, spaces or a closing full stop are the same prompt."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(". ")


def parse_split(text: str) -> dict[str, float]:
    """`train=0.9,test=0.1` as shares by name. Raises ValueError, in words for people."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, share = part.strip().partition("=")
        if not equals or not name.isidentifier() or name in shares:
            raise ValueError(
                f"Write a split as train=0.9,test=0.1; {part.strip()!r} is not a new name and a share."
            )
        try:
            shares[name] = float(share)
        except ValueError as error:
            raise ValueError(f"The share of split {name!r} is no number: {share!r}.") from error
    check_split(shares)
    return shares


def check_split(shares: Mapping[str, float]) -> None:
    """Raise ValueError unless every share is positive and together they make 1."""
    if any(not 0 < share <= 1 for share in shares.values()):
        raise ValueError("Each split needs a share above 0 and at most 1.")
    if abs(sum(shares.values()) - 1) > TOLERANCE:
        raise ValueError(f"The shares of the splits add up to {sum(shares.values()):g}, not to 1.")


def choose_split(prompt: str, shares: Mapping[str, float], seed: int) -> str:
    """The split of a prompt: a draw from its text and the seed alone, whatever order the shares are in.

    A prompt stays where it is when others are added, so a later release never trains on an earlier one's test
    prompts. The price: shares are met on average, not to the video.
    """
    digest = hashlib.sha256(f"{seed}\n{normalise_prompt(prompt)}".encode("utf-8", "replace")).digest()
    point = int.from_bytes(digest[:8]) / 2**64
    reached = 0.0
    for name, share in sorted(shares.items()):
        reached += share
        if point < reached:
            return name
    return name
