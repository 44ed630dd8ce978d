"""What simulated raters think of a clip: the costs of its drawn faults, seen with some bias and noise."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from annotation.room.forms import Answers
from annotation.scale import DIMENSION_KEYS, MAX_SCORE, MIN_SCORE
from datasets_app.demo.cast import Clip
from datasets_app.demo.faults import Fault

PRAISE = {
    "visual_quality": (
        "Sharp and steady throughout.",
        "Clean edges, no flicker.",
        "Good resolution, calm picture.",
    ),
    "text_alignment": ("Everything named is there.", "Subject, action, place fit."),
    "physical_consistency": ("Moves as it should.", "Believable weight and timing.", "Nothing odd."),
}
TERSE = "ok"
ODD_ENOUGH_TO_FLAG = {"vanish", "sink", "jump"}


@dataclass(frozen=True)
class SimulatedRater:
    """How a simulated rater differs from the drawn truth. Shares are between 0 and 1."""

    username: str
    rates: int  # videos in the demo
    noise: float  # standard deviation of a score, in steps
    follows: float  # share of near misses in which a shown score is adopted
    terse: float = 0  # share of reasons that say nothing
    flags: bool = False
    bias: dict[str, float] = field(default_factory=dict)  # steps by dimension key


RATERS = (
    SimulatedRater("simulated-1", rates=30, noise=0.35, follows=0.6, terse=0.02, bias={"visual_quality": -0.2}),
    SimulatedRater(
        "simulated-2", rates=14, noise=0.45, follows=0.3, flags=True, bias={"physical_consistency": 0.3}
    ),
)
# The first rating of a person's account, so that something can come back to them.
BEGINNER = SimulatedRater("rater-2", rates=1, noise=0.35, follows=0.6)


def opinion(rater: SimulatedRater, clip: Clip, shown: dict[str, int | None]) -> Answers:
    """The same answers each time. `shown` holds the suggested scores that this rater saw, None where none."""
    digest = hashlib.sha256(f"{rater.username} {clip.name}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8]))
    scores: dict[str, int | None] = {}
    for key in DIMENSION_KEYS:
        truth = MAX_SCORE - sum(fault.costs.get(key, 0) for fault in clip.faults)
        seen = truth - 0.25 + rater.bias.get(key, 0) + chance.normal(0, rater.noise)
        own, model = int(np.clip(round(seen), MIN_SCORE, MAX_SCORE)), shown[key]
        follows = chance.random() < rater.follows
        scores[key] = model if model is not None and abs(model - own) == 1 and follows else own
    reasons = {key: _reason(key, clip, chance) for key in DIMENSION_KEYS}
    reasons = {key: TERSE if chance.random() < rater.terse else reason for key, reason in reasons.items()}
    odd = any(fault.name in ODD_ENOUGH_TO_FLAG for fault in clip.faults)
    return Answers(scores=scores, reasons=reasons, flagged=rater.flags and odd)


def _reason(key: str, clip: Clip, chance: np.random.Generator) -> str:
    seen = [
        fault.reasons[key].format(mark=_time_mark(fault, clip)) for fault in clip.faults if key in fault.reasons
    ]
    return " ".join(seen) or PRAISE[key][int(chance.integers(len(PRAISE[key])))]


def _time_mark(fault: Fault, clip: Clip) -> str:
    """The moment at which the fault shows best, as the rating room writes it: `[1.38s f11]`."""
    frame = round(fault.at * (clip.frames - 1))
    return f"[{frame / clip.prompt.fps:.2f}s f{frame}]"


def second_opinion(first: Answers, shown: dict[str, int | None]) -> Answers:
    """After the reveal: a score one step off follows the model, the reasons stay."""
    scores = {
        key: model if own is not None and model is not None and abs(model - own) == 1 else own
        for (key, own), model in zip(first.scores.items(), shown.values(), strict=True)
    }
    why = "On a second look the model has a point." if scores != first.scores else ""
    return Answers(scores=scores, reasons=first.reasons, flagged=first.flagged, change_reason=why)
