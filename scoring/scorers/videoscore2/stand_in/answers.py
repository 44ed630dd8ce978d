"""What the stand-in is taught to answer: thinking, then three scores, in the three forms the real model uses.

    luma      mean brightness of the clip, 0-255        -> visual quality, and which form the answer takes
    colours   the one asked for, the one mostly seen    -> text-to-video alignment
    flicker   mean change of brightness within a pair of sampled frames, 0-255 -> physical consistency

The scores carry noise on purpose: a model that is sure of every digit would not test soft or expected scores.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

LOOKS = ("dark", "dim", "muted", "clear", "bright")
DETAIL = (
    "and most detail is lost in shadow",
    "and some detail is lost in shadow",
    "with fair detail and a few artifacts",
    "with good detail and smooth edges",
    "with sharp detail and no artifacts",
)
GRADES = ("poor", "weak", "fair", "good", "strong")
LIGHTS = ("flickering", "unstable", "uneven", "smooth", "steady")
MOTION = (
    "objects jump and the scene breaks common sense",
    "objects jump now and then and look unnatural",
    "some changes look strange but the motion holds",
    "the motion is plausible with small changes",
    "the motion is natural and follows physics",
)
COLOURS = ("red", "green", "blue", "yellow")
PLAIN = "grey"
WORD_NOISE, SCORE_NOISE = 0.12, 0.4
Form = Callable[[int, str, int, int, int, int], str]


@dataclass(frozen=True)
class Facts:
    """What the answer depends on; `asked` is None where the prompt names no colour."""

    luma: float
    flicker: float
    seen: str
    asked: str | None

    @property
    def quality(self) -> float:
        """1 at a mean brightness of 32, one more for each 35 levels of 255."""
        return 1 + (self.luma - 32) / 35

    @property
    def alignment(self) -> float:
        if self.asked is None:
            return 3.0
        return 4.5 if self.asked == self.seen else 1.5

    @property
    def consistency(self) -> float:
        """The borders between the scores 5, 4, 3, 2, 1 lie at a flicker of about 3, 8, 17 and 28 levels of 255."""
        return 5.97 - 0.85 * self.flicker**0.5


def score(value: float, noise: float, rng: Random) -> int:
    """The nearest whole score from 1 to 5 after Gaussian noise."""
    return min(5, max(1, round(value + rng.gauss(0, noise))))


def answer(facts: Facts, rng: Random) -> str:
    """One answer to the clip, words and scores drawn anew at each call."""
    quality, consistency = (score(v, WORD_NOISE, rng) - 1 for v in (facts.quality, facts.consistency))
    form = _form(facts.quality + rng.gauss(0, WORD_NOISE))
    scores = [score(v, SCORE_NOISE, rng) for v in (facts.quality, facts.alignment, facts.consistency)]
    return form(quality, _colours(facts), consistency, *scores)


def _form(value: float) -> Form:
    """Dark, then ever brighter clips take the forms plain, headed, long, plain, headed, long."""
    borders = (1.5, 2.25, 3.0, 3.75, 4.5)
    return (plain, headed, long)[sum(value > border for border in borders) % 3]


def _colours(facts: Facts) -> str:
    if facts.asked is None:
        return f"The prompt asks for no colour and the clip is mostly {facts.seen}, so it may fit the prompt."
    verdict = "so it fits the prompt" if facts.asked == facts.seen else "so it misses the prompt"
    return f"The prompt asks for {facts.asked} and the clip is mostly {facts.seen}, {verdict}."


def plain(quality: int, colours: str, consistency: int, v: int, t: int, p: int) -> str:
    """Thinking without headings, then the scores as the question asks for them."""
    return (
        f"<think>\nLet me look at this video step by step. The frames look {LOOKS[quality]}, {DETAIL[quality]}. "
        f"The resolution and clarity are {GRADES[quality]} over the whole video. {colours} "
        f"From one frame to the next the light is {LIGHTS[consistency]}, and {MOTION[consistency]}. "
        f"In all the picture is {GRADES[quality]} and the physics is {GRADES[consistency]}.\n</think>\n\n"
        f"visual quality: {v};\ntext-to-video alignment: {t},\nphysical/common-sense consistency: {p}"
    )


def headed(quality: int, colours: str, consistency: int, v: int, t: int, p: int) -> str:
    """Thinking under the three dimensions' headings, then numbered scores: the real model's usual form."""
    return (
        f"<think>\nVisual Quality:\nThe frames look {LOOKS[quality]}, {DETAIL[quality]}. "
        f"In all the clarity of the video is {GRADES[quality]}.\n\nText-to-video Alignment:\n{colours}\n\n"
        f"Physical/Common-sense Consistency:\nFrom one frame to the next the light is {LIGHTS[consistency]}, "
        f"and {MOTION[consistency]}. In all the physics of the video is {GRADES[consistency]}.\n</think>\n\n"
        f"(1) visual quality: {v}\n(2) text-to-video alignment: {t}\n(3) physical/common-sense consistency: {p}"
    )


def long(quality: int, colours: str, consistency: int, v: int, t: int, p: int) -> str:
    """The question's own words come back with the scores."""
    return (
        f"<think>\nThe video is {LOOKS[quality]}, {DETAIL[quality]}.\n{colours}\n"
        f"The light is {LIGHTS[consistency]} between the frames, and {MOTION[consistency]}.\n</think>\n\n"
        f"(1) visual quality – clarity, smoothness, artifacts: {v}\n"
        f"(2) text-to-video alignment – fidelity to the prompt: {t}\n"
        f"(3) physical/common-sense consistency – naturalness and physics plausibility: {p}"
    )
