"""What a scorer is: it samples frames, asks, and reads the answer. Imports nothing heavy.

A scorer gets a micro-batch of videos. `sample` and `read` work on one video each, so that a broken one fails
alone; `ask` takes the batch, because a GPU answers sixteen in little more than the time of one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar

Form = Literal["complete", "repaired", "unreadable"]
Status = Literal["complete", "repaired", "partial", "unreadable"]
Heard = Callable[[int, str], None]  # (position in the batch, the answer's text so far)


class VideoFault(Exception):
    """This video cannot be scored; the sentence says why. Others of the batch can."""

    def __init__(self, sentence: str, *, permanent: bool = True) -> None:
        super().__init__(sentence)
        self.permanent = permanent


class UnreadableAnswer(Exception):
    """The model answered, but no scores can be read from it. Never replaced by a default score."""

    def __init__(self, raw_text: str, saw: "Saw | None" = None) -> None:
        super().__init__("no scores can be read from the answer")
        self.raw_text = raw_text
        self.saw = saw


class ScorerUnavailable(Exception):
    """The scorer cannot work here and now (no weights, no device). No video is to blame."""


class DeviceLost(ScorerUnavailable):
    """The device failed in a way that spoils this process; a new one may work. The batch may be to blame."""


class OutdatedVersion(Exception):
    """The code no longer answers as this version did; its jobs need a new version."""


@dataclass(frozen=True)
class Question:
    """What a scorer is asked: the original file, the prompt it was made from, and which sample this is.

    Sample 0 is the scorer's answer; the samples after it are drawn at random, to see how far answers spread.
    What is drawn starts from `draw`: the file's sha256, so that clips of one prompt are drawn independently.
    """

    path: Path
    prompt: str
    sample: int = 0
    draw: str = ""


@dataclass(frozen=True)
class Probabilities:
    """How likely each score is; `of` holds five numbers for 1 to 5, which need not add up to one.

    The formulas are VideoScore2's: `soft_score` is the model card's number, the other two are for ranking.
    """

    of: tuple[float, float, float, float, float]

    @property
    def best(self) -> int:
        """The most likely score; the lower of equals."""
        return self.of.index(max(self.of)) + 1

    @property
    def soft_score(self) -> float:
        """best * p(best) / sum(p), four decimals."""
        return round(self.best * self.confidence, 4)

    @property
    def expected_score(self) -> float:
        """sum(s * p(s)) / sum(p)."""
        return sum(score * p for score, p in enumerate(self.of, start=1)) / sum(self.of)

    @property
    def confidence(self) -> float:
        """p(best) / sum(p)."""
        return max(self.of) / sum(self.of)


@dataclass(frozen=True)
class Opinion:
    """A score of 1 to 5, with probabilities where the scorer gives them."""

    hard_score: int
    probabilities: Probabilities | None = None


@dataclass(frozen=True)
class Saw:
    """The frames of the original that a scorer looked at, in order, and the size it saw them in (pixels)."""

    frames: tuple[int, ...]  # index in the file, from 0
    seconds: tuple[float, ...]  # when each is shown
    width: int
    height: int


@dataclass(frozen=True)
class Answer:
    """A scorer's answer about one video. An opinion is None where the scorer abstains."""

    opinions: Mapping[str, Opinion | None]  # by dimension key; all three are there
    rationale: str
    raw_text: str
    frames: int  # how many the scorer saw
    saw: Saw | None = None  # which they were; None where it saw every frame
    form: Form = "complete"  # how the scores were found in `raw_text`
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by step

    @property
    def status(self) -> Status:
        if self.form == "unreadable":
            return "unreadable"
        return "partial" if None in self.opinions.values() else self.form

    @property
    def seconds(self) -> float:
        """Time the scorer took for this video; a batch's time is shared out evenly."""
        return sum(self.timings.values())


Sample = TypeVar("Sample")
Raw = TypeVar("Raw")


class Scorer(Protocol[Sample, Raw]):
    """A loaded scorer: one per process, kept between batches."""

    batch_size: int  # videos asked about at once

    def sample(self, question: Question) -> Sample:
        """What the scorer looks at in this video. Raises `VideoFault`.

        Called from several threads at once, also while `ask` answers another batch.
        """

    def ask(
        self, questions: Sequence[Question], samples: Sequence[Sample], heard: Heard | None
    ) -> Sequence[Raw | VideoFault]:
        """One raw answer for each question, in order, or why there is none. Raises `ScorerUnavailable`.

        Where someone reads along, `heard` may be called with an answer's text while it grows.
        """

    def read(self, raw: Raw) -> Answer:
        """Scores and rationale of a raw answer; pure. Raises `UnreadableAnswer`."""
