"""A stand-in for VideoScore2: its architecture and files in a few megabytes, for tests and the demo."""

from pathlib import Path

CHECKPOINT: Path = Path(__file__).parent / "checkpoint"
