"""What a simulated T2V model gets wrong: how it is drawn, what it costs, and what an expert would write.

A fault changes the subject's look (`look`), the finished frames (`frames`), or both.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from datasets_app.demo.pen import HEIGHT, WIDTH, Colour, Picture
from datasets_app.demo.scenes import Look

ChangeLook = Callable[[float, Look], Look]
ChangeFrames = Callable[[Sequence[Picture]], list[Picture]]


@dataclass(frozen=True)
class Fault:
    """One visible fault. `costs` are points off 5 by dimension key, `reasons` what an expert says by key.

    `at` is the share of the clip at which it shows best; `{mark}` in a reason becomes a time mark there.
    """

    name: str
    costs: dict[str, float]
    reasons: dict[str, str]
    at: float = 0.5
    look: ChangeLook = field(default=lambda moment, look: look)
    frames: ChangeFrames = list


def blurred(frames: Sequence[Picture]) -> list[Picture]:
    return [cv2.GaussianBlur(frame, (0, 0), 4.5).astype(np.uint8) for frame in frames]


def softened(frames: Sequence[Picture]) -> list[Picture]:
    return [cv2.GaussianBlur(frame, (0, 0), 1.4).astype(np.uint8) for frame in frames]


def flickering(frames: Sequence[Picture]) -> list[Picture]:
    """Brightness jumps from frame to frame, as in early models."""
    gains = np.random.default_rng(21).uniform(0.62, 1.3, len(frames))
    return [np.clip(frame * gain, 0, 255).astype(np.uint8) for frame, gain in zip(frames, gains, strict=True)]


def noisy(frames: Sequence[Picture]) -> list[Picture]:
    grain = np.random.default_rng(34)
    return [np.clip(frame + grain.normal(0, 17, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


def blocky(frames: Sequence[Picture]) -> list[Picture]:
    """Squares of 10 pixels, as from a latent that was decoded too coarsely."""
    small = (WIDTH // 10, HEIGHT // 10)
    return [
        cv2.resize(
            cv2.resize(frame, small, interpolation=cv2.INTER_AREA),
            (WIDTH, HEIGHT),
            interpolation=cv2.INTER_NEAREST,
        ).astype(np.uint8)
        for frame in frames
    ]


def frozen(frames: Sequence[Picture]) -> list[Picture]:
    """The picture stands still from 40 % to 75 % of the clip, then jumps on."""
    start, end = int(len(frames) * 0.4), int(len(frames) * 0.75)
    return [frames[start] if start <= index < end else frame for index, frame in enumerate(frames)]


def shaking(frames: Sequence[Picture]) -> list[Picture]:
    """The whole picture jumps by some pixels."""
    jumps = np.random.default_rng(55).integers(-9, 10, (len(frames), 2))
    shaken = []
    for frame, (across, down) in zip(frames, jumps, strict=True):
        move = np.array([[1, 0, across], [0, 1, down]], np.float32)
        shaken.append(cv2.warpAffine(frame, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT).astype(np.uint8))
    return shaken


def vanishing(moment: float, look: Look) -> Look:
    """Gone within a twelfth of the clip, a bit past its middle."""
    return replace(look, shown=float(np.clip((0.6 - moment) * 12, 0, 1)))


def sinking(moment: float, look: Look) -> Look:
    """Falls through what it should rest on in the last third."""
    return replace(look, down=look.down + 460 * max(moment - 0.62, 0) ** 1.3)


def jumping(moment: float, look: Look) -> Look:
    """Sits elsewhere for a third of the clip."""
    return replace(look, across=look.across + (95 if 0.45 < moment < 0.78 else 0))


def morphing(moment: float, look: Look) -> Look:
    """Swells and narrows like rubber."""
    swing = math.sin(moment * math.tau * 2)
    return replace(look, size=look.size * (1 + 0.22 * swing), squeeze=1 + 0.38 * swing)


def painted(colour: Colour) -> ChangeLook:
    return lambda moment, look: replace(look, colour=colour)


def counted(count: int) -> ChangeLook:
    return lambda moment, look: replace(look, count=count)


VISUAL, ALIGNMENT, PHYSICAL = "visual_quality", "text_alignment", "physical_consistency"

SOFT = Fault("soft", {VISUAL: 1}, {VISUAL: "A little soft, edges lack bite."}, frames=softened)
BLUR = Fault(
    "blur", {VISUAL: 3, ALIGNMENT: 0.6}, {VISUAL: "Blurred from the first frame to the last."}, frames=blurred
)
FLICKER = Fault(
    "flicker",
    {VISUAL: 2.5, PHYSICAL: 1},
    {VISUAL: "Brightness flickers all the time, worst {mark}.", PHYSICAL: "No light behaves like this."},
    at=0.35,
    frames=flickering,
)
NOISE = Fault("noise", {VISUAL: 1.6}, {VISUAL: "Heavy grain over the whole picture."}, frames=noisy)
BLOCKS = Fault(
    "blocks",
    {VISUAL: 3.4, ALIGNMENT: 1},
    {VISUAL: "Breaks up into squares.", ALIGNMENT: "The subject can only be guessed."},
    frames=blocky,
)
FREEZE = Fault(
    "freeze",
    {VISUAL: 1.8, PHYSICAL: 1.6},
    {VISUAL: "Stands still {mark}, then jumps on.", PHYSICAL: "Motion stops in mid-air for a second {mark}."},
    frames=frozen,
)
SHAKE = Fault(
    "shake", {VISUAL: 2.2, PHYSICAL: 0.6}, {VISUAL: "The whole picture jitters, hard to watch."}, frames=shaking
)
VANISH = Fault(
    "vanish",
    {ALIGNMENT: 1.6, PHYSICAL: 3},
    {ALIGNMENT: "The subject is missing in the second half.", PHYSICAL: "It dissolves into nothing {mark}."},
    at=0.56,
    look=vanishing,
)
SINK = Fault(
    "sink",
    {ALIGNMENT: 1, PHYSICAL: 3.2},
    {ALIGNMENT: "The action is not finished.", PHYSICAL: "Falls straight through the ground {mark}."},
    at=0.78,
    look=sinking,
)
JUMP = Fault(
    "jump",
    {VISUAL: 0.8, PHYSICAL: 2.4},
    {PHYSICAL: "Jumps to another place {mark} and back."},
    at=0.46,
    look=jumping,
)
MORPH = Fault(
    "morph",
    {VISUAL: 0.6, PHYSICAL: 2},
    {PHYSICAL: "Swells and shrinks like rubber {mark}."},
    at=0.16,
    look=morphing,
)


def wrong_colour(colour: Colour, said: str) -> Fault:
    return Fault("wrong colour", {ALIGNMENT: 2}, {ALIGNMENT: said}, look=painted(colour))


def wrong_count(count: int, said: str) -> Fault:
    return Fault("wrong count", {ALIGNMENT: 1.8}, {ALIGNMENT: said}, look=counted(count))
