"""Who made what: ten prompts, four simulated T2V models, and the faults of each clip."""

from dataclasses import dataclass

from datasets_app.demo import faults, scenes, scenes_at_night
from datasets_app.demo.faults import Fault
from datasets_app.demo.scenes import Scene

# Name and tier, best first. Their names say that they are no real models.
MODELS = (
    ("simulated-modern", "Modern"),
    ("simulated-good", "Good"),
    ("simulated-moderate", "Moderate"),
    ("simulated-early", "Poor/Early"),
)


@dataclass(frozen=True)
class Prompt:
    """A prompt, the scene that answers it, and each model's faults in the order of `MODELS`; None: no clip."""

    name: str
    text: str
    scene: Scene
    faults: tuple[tuple[Fault, ...] | None, ...]
    seconds: float
    fps: int


@dataclass(frozen=True)
class Clip:
    """One clip of the demo."""

    prompt: Prompt
    model: str
    tier: str
    faults: tuple[Fault, ...]

    @property
    def name(self) -> str:
        return f"{self.prompt.name}_{self.model.removeprefix('simulated-')}"

    @property
    def frames(self) -> int:
        return round(self.prompt.seconds * self.prompt.fps)


_f = faults
PROMPTS = (
    Prompt(
        "ball",
        "A red ball bounces across a wooden floor.",
        scenes.ball,
        ((), (_f.SOFT,), (_f.SINK,), (_f.wrong_colour((58, 96, 196), "The ball is blue, not red."), _f.BLUR)),
        3.5,
        12,
    ),
    Prompt(
        "sailboat",
        "A sailboat with a white sail crosses a calm sea at sunset.",
        scenes.sailboat,
        ((), (_f.MORPH,), (_f.VANISH,), (_f.FLICKER, _f.SOFT)),
        4,
        10,
    ),
    Prompt(
        "balloon",
        "A hot-air balloon with a purple stripe rises over green hills.",
        scenes.balloon,
        (
            (_f.SOFT,),
            (_f.wrong_colour((40, 140, 120), "The stripe is green instead of purple."),),
            (_f.SHAKE,),
            (_f.BLOCKS,),
        ),
        4,
        8,
    ),
    Prompt(
        "train",
        "A blue steam train crosses a stone bridge from left to right.",
        scenes.train,
        ((), (_f.MORPH,), (_f.FREEZE,), None),
        3.5,
        12,
    ),
    Prompt(
        "cabin",
        "Snow falls on a cabin with a lit yellow window at night.",
        scenes.cabin,
        ((), None, (_f.BLUR,), (_f.wrong_colour((40, 34, 40), "The window is dark."), _f.FLICKER)),
        3,
        8,
    ),
    Prompt(
        "fish",
        "Two orange fish swim in a round glass bowl.",
        scenes.fish,
        ((), (_f.wrong_count(3, "Three fish instead of two."),), (_f.JUMP,), (_f.VANISH, _f.BLUR)),
        4,
        10,
    ),
    Prompt(
        "windmill",
        "A white windmill with four red sails turns under drifting clouds.",
        scenes.windmill,
        ((), None, (_f.wrong_count(3, "Three sails instead of four."), _f.NOISE), (_f.MORPH, _f.FLICKER)),
        3.5,
        12,
    ),
    Prompt(
        "car",
        "A yellow car drives along a desert road past cacti.",
        scenes.car,
        (
            (_f.SOFT,),
            (_f.JUMP,),
            (_f.wrong_colour((196, 60, 52), "The car is red, not yellow."),),
            None,
        ),
        3,
        10,
    ),
    Prompt(
        "candles",
        "Three white candles burn on a dark table.",
        scenes_at_night.candles,
        ((), None, None, (_f.wrong_count(4, "Four candles instead of three."), _f.NOISE)),
        2.5,
        8,
    ),
    Prompt(
        "rocket",
        "A red rocket rises into the night over snowy firs.",
        scenes_at_night.rocket,
        (None, (_f.SOFT,), (_f.VANISH,), None),
        3,
        8,
    ),
)
CLIPS = tuple(
    Clip(prompt, model, tier, made_with)
    for prompt in PROMPTS
    for (model, tier), made_with in zip(MODELS, prompt.faults, strict=True)
    if made_with is not None
)
