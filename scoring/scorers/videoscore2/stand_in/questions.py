"""Prompts for the drawn clips, and the question around them."""

from random import Random

from scoring.scorers.videoscore2.query import write_query
from scoring.scorers.videoscore2.stand_in.answers import COLOURS

SUBJECTS = (
    "ball", "car", "boat", "bird", "balloon", "kite", "train", "fish", "bottle", "flower", "robot", "horse",
    "dancer", "wave", "river", "street", "mountain", "tower", "candle", "umbrella", "curtain", "field",
)  # fmt: skip
ACTIONS = (
    "moves slowly to the left", "turns around", "falls and bounces on the ground", "floats over the water",
    "stands still in the wind", "rolls across a table", "rises above the city at night", "is seen from above",
    "passes the camera", "jumps over a fence", "melts in the sun", "spins very fast", "waits in the rain",
)  # fmt: skip
STYLES = (
    "", ", top view", ", cinematic close-up, 4k", ", in the style of an old film", ", camera pans right",
    ", soft morning light, shallow depth of field", ", artist:[someone|another], 1girl, flat color",
)  # fmt: skip
OTHER_SCRIPTS = (
    "一个男孩在公园里放风筝，天空很晴朗", "Мальчик бежит по улице под дождём", "子供が海辺で遊んでいる",
    "Une voiture traverse le pont à l’aube", "رجل يمشي في الصحراء", "एक बच्चा नदी में तैर रहा है",
    "Ein Schiff fährt über den See", "거리에서 춤추는 사람들", "🚀 launch 🌕 → 2 stages, 3…2…1!",
)  # fmt: skip


def question(prompt: str, rng: Random) -> str:
    """The question around a prompt: as on the model card, in one of ten cases as in the authors' own file."""
    return write_query("source" if rng.random() < 0.1 else "card", prompt)


def prompt(asked: str | None, rng: Random) -> str:
    """A prompt that names the colour `asked` once, or none; in some cases long or in another script."""
    if asked is None and rng.random() < 0.25:
        return rng.choice(OTHER_SCRIPTS) + rng.choice(STYLES)
    sentences = [_sentence(None, rng) for _ in range(rng.choice((0, 0, 0, 0, 0, 1, 2, 4, 9, 16)))]
    sentences.insert(rng.randint(0, len(sentences)), _sentence(asked, rng))
    text = " ".join(sentences) if len(sentences) > 1 else sentences[0].rstrip(".")
    return text.lower() if rng.random() < 0.2 else text


def _sentence(colour: str | None, rng: Random) -> str:
    article = rng.choice(("A", "The", "One", "There is a"))
    name = rng.choice(SUBJECTS)
    shade = f"{colour} " if colour else rng.choice(("", "", "small ", "wooden ", "very large ", "strange "))
    if rng.random() < 0.3 and colour:
        return f"{article} {name} {rng.choice(ACTIONS)} in front of a {colour} background{rng.choice(STYLES)}."
    return f"{article} {shade}{name} {rng.choice(ACTIONS)}{rng.choice(STYLES)}."


def colour_to_ask(seen: str, rng: Random) -> str | None:
    """None in three of ten, the colour that is there in about as many, any in the rest."""
    draw = rng.random()
    if draw < 0.3:
        return None
    return seen if draw < 0.6 and seen in COLOURS else rng.choice(COLOURS)
