"""The mark of tests that read the real clips and records beside the checkout, where they are there."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLIPS_MANIFEST = DATA / "manifest.jsonl"


def realdata(test):
    """Marks the test, and skips it where there is no real data."""
    skip = pytest.mark.skipif(not CLIPS_MANIFEST.is_file(), reason="real clips are not beside the checkout")
    return pytest.mark.realdata(skip(test))
