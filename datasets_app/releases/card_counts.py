"""What a dataset card says in numbers, counted while the rows go by: memory does not grow with the videos."""

from collections import Counter
from dataclasses import dataclass, field

from annotation.models import Arm
from annotation.scale import DIMENSION_KEYS
from datasets_app.releases.select_rows import Row


@dataclass
class Histogram:
    """Values in steps of `step` from 0; the last of the `bins` takes all that is larger."""

    step: int
    bins: int
    counts: list[int] = field(init=False)
    smallest: float = 0.0
    largest: float = 0.0
    n: int = 0

    def __post_init__(self) -> None:
        self.counts = [0] * self.bins

    def add(self, value: float) -> None:
        self.counts[min(int(value // self.step), self.bins - 1)] += 1
        self.smallest = min(self.smallest, value) if self.n else value
        self.largest = max(self.largest, value)
        self.n += 1

    def labelled(self) -> list[tuple[str, int]]:
        """Where each bin begins, and how many values are in it; empty bins at the end are left out."""
        used = max((index for index, n in enumerate(self.counts) if n), default=0) + 1
        open_end = self.bins - 1
        return [
            (f"{index * self.step}{'+' if index == open_end else ''}", n)
            for index, n in enumerate(self.counts[:used])
        ]


@dataclass
class Anchor:
    """How near the ratings of one arm are to what was shown, in one dimension. `distance` is a sum."""

    compared: int = 0
    exact: int = 0
    distance: int = 0

    def add(self, score: int, shown: int) -> None:
        self.compared += 1
        self.exact += score == shown
        self.distance += abs(score - shown)


@dataclass
class CardCounts:
    """The counts of all rows that at least one format took."""

    videos: int = 0
    prompts: int = 0
    with_file: int = 0
    scores: dict[str, Counter[int]] = field(default_factory=lambda: {key: Counter() for key in DIMENSION_KEYS})
    t2v_models: Counter[tuple[str, str]] = field(default_factory=Counter)  # by name and tier
    prompt_sources: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    seconds: Histogram = field(default_factory=lambda: Histogram(step=1, bins=16))
    words: Histogram = field(default_factory=lambda: Histogram(step=100, bins=13))
    arms: Counter[str] = field(default_factory=Counter)  # ratings by arm
    anchors: dict[str, dict[str, Anchor]] = field(
        default_factory=lambda: {arm: {key: Anchor() for key in DIMENSION_KEYS} for arm in Arm.values}
    )
    _prompt: str | None = None

    def add(self, row: Row) -> None:
        """Count one row; all rows of one prompt come together."""
        self.videos += 1
        self.prompts += row.prompt != self._prompt
        self._prompt = row.prompt
        for key, score in row.scores.items():
            self.scores[key][score] += 1
        self.t2v_models[row.t2v_model, row.tier] += 1
        self.prompt_sources[row.prompt_source] += 1
        self.policies[row.policy] += 1
        if not row.unplayable:
            self.with_file += 1
            self.seconds.add(row.seconds)
        if row.rationale_source:
            self.words.add(words_in(row.rationale))
        for arm, scores, shown in row.ratings:
            self.arms[arm] += 1
            if any(shown):
                for key, score, suggested in zip(DIMENSION_KEYS, scores, shown, strict=True):
                    if suggested is not None:
                        self.anchors[arm][key].add(score, suggested)

    @property
    def by_model(self) -> Counter[str]:
        """Videos by T2V model."""
        return self._added_up(0)

    @property
    def tiers(self) -> Counter[str]:
        """Videos by the tier of their T2V model."""
        return self._added_up(1)

    def _added_up(self, part: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for key, n in self.t2v_models.items():
            found[key[part]] += n
        return found


def words_in(text: str) -> int:
    """Its words, counted by the blanks and line breaks between them: much faster than taking it apart."""
    return text.count(" ") + text.count("\n") - text.count("\n\n") + 1


def most(counts: Counter[str], at_most: int) -> list[tuple[str, int]]:
    """The largest counts first, equal ones by name; what is beyond `at_most` is added up as one."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    others = sum(n for _, n in ordered[at_most:])
    return [*ordered[:at_most], (f"{len(ordered) - at_most} others", others)] if others else ordered
