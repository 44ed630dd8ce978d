"""The mark of tests that read the real clips and records beside the checkout, where they are there."""

import json
import os
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLIPS_MANIFEST = DATA / "manifest.jsonl"


def realdata(test):
    """Marks the test, and skips it where there is no real data."""
    skip = pytest.mark.skipif(not CLIPS_MANIFEST.is_file(), reason="real clips are not beside the checkout")
    return pytest.mark.realdata(skip(test))


def real_rows(of: int) -> list[dict]:
    """The manifest's rows of every `of`-th real clip, so that the suite stays quick; `ALL_REAL_CLIPS=1` takes all."""
    rows = [json.loads(line) for line in CLIPS_MANIFEST.read_text().splitlines()]
    return rows if os.environ.get("ALL_REAL_CLIPS") == "1" else rows[::of]
