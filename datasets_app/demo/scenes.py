"""Small scenes, each a function from a moment to a picture. They know nothing of faults.

`moment` runs from 0 to 1 over the clip. `Look` says how the subject is drawn, which is how a simulated model
gets it wrong.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from datasets_app.demo import scenery
from datasets_app.demo.pen import Colour, Picture, box, disc, mixed, oval, shade, shape, stroke


@dataclass(frozen=True)
class Look:
    """How the subject appears: offsets in pixels, `size` as a factor, `shown` from 0 (gone) to 1."""

    colour: Colour | None = None
    across: float = 0.0
    down: float = 0.0
    size: float = 1.0
    squeeze: float = 1.0  # width over height
    shown: float = 1.0
    count: int | None = None


Scene = Callable[[float, Look], Picture]


def with_subject(picture: Picture, subject: Picture, shown: float) -> Picture:
    """The picture with its subject in it, as far as that is shown."""
    if shown >= 1:
        return subject
    return (picture * (1 - shown) + subject * shown).round().astype(np.uint8)


def ball(moment: float, look: Look) -> Picture:
    """A red ball bounces across a wooden floor."""
    room = scenery.wooden_room()
    picture = room.copy()
    radius = 26 * look.size
    x = 50 + 380 * moment + look.across
    hops = abs(math.sin(moment * math.pi * 3)) * (1 - 0.45 * moment)
    floor = 262.0
    y = floor - radius - 150 * hops + look.down
    shade(picture, (x, floor), (radius * (1.15 - 0.4 * hops), 6), 0.35 * (1 - 0.6 * hops))
    colour = look.colour or (206, 52, 44)
    oval(picture, (x, y), (radius * look.squeeze, radius / look.squeeze), colour)
    oval(
        picture,
        (x - radius * 0.3, y - radius * 0.35),
        (radius * 0.3, radius * 0.22),
        mixed(colour, (255, 255, 255), 0.5),
    )
    return with_subject(room, picture, look.shown)


def sailboat(moment: float, look: Look) -> Picture:
    """A sailboat with a white sail crosses a calm sea at sunset."""
    sea = scenery.sunset_sea(moment)
    picture = sea.copy()
    x = 60 + 330 * moment + look.across
    y = 218 + 3 * math.sin(moment * 12) + look.down
    unit, sail = 1.0 * look.size, look.colour or (246, 240, 228)
    lean = 3 * math.sin(moment * 9)
    across = unit * look.squeeze
    shape(
        picture,
        [
            (x - 52 * across, y),
            (x + 52 * across, y),
            (x + 34 * across, y + 20 * unit),
            (x - 36 * across, y + 20 * unit),
        ],
        (92, 48, 34),
    )
    stroke(picture, (x, y), (x + lean, y - 104 * unit), (70, 50, 40), 3)
    shape(picture, [(x + 4 + lean, y - 102 * unit), (x + 4, y - 8), (x + 48 * across, y - 8)], sail)
    shape(
        picture,
        [(x - 4 + lean, y - 92 * unit), (x - 4, y - 8), (x - 36 * across, y - 8)],
        mixed(sail, (120, 80, 70), 0.18),
    )
    for row in range(3):
        shade(picture, (x - 6 * row, y + (26 + 9 * row) * unit), ((46 - 9 * row) * across, 2.5), 0.22)
    return with_subject(sea, picture, look.shown)


def balloon(moment: float, look: Look) -> Picture:
    """A hot-air balloon with a purple stripe rises over green hills."""
    hills = scenery.green_hills(moment)
    picture = hills.copy()
    x = 225 + 26 * math.sin(moment * 4) + look.across
    y = 205 - 110 * moment + look.down
    unit, stripe = look.size, look.colour or (126, 62, 158)
    wide = 46 * unit * look.squeeze
    for side in (-1, 1):
        stroke(
            picture, (x + side * wide * 0.55, y + 34 * unit), (x + side * 9 * unit, y + 66 * unit), (90, 70, 50), 1
        )
    oval(picture, (x, y), (wide, 50 * unit), (238, 196, 84))
    oval(picture, (x, y), (wide * 0.62, 50 * unit), stripe)
    oval(picture, (x, y), (wide * 0.24, 50 * unit), (244, 222, 150))
    box(picture, x - 11 * unit, y + 64 * unit, x + 11 * unit, y + 80 * unit, (124, 82, 46))
    return with_subject(hills, picture, look.shown)


def train(moment: float, look: Look) -> Picture:
    """A blue steam train crosses a stone bridge from left to right."""
    valley = scenery.stone_bridge()
    picture = valley.copy()
    front = -20 + 470 * moment + look.across
    rail, unit, colour = 188 + look.down, look.size, look.colour or (44, 84, 158)
    for car in range(look.count or 3):
        right = front - 74 * unit * car - (0 if car == 0 else 6)
        tint = colour if car == 0 else mixed(colour, (230, 220, 200), 0.35)
        box(picture, right - 66 * unit * look.squeeze, rail - 34 * unit, right, rail - 6, tint)
        for pane in range(3):
            left = right - (58 - 19 * pane) * unit
            box(picture, left, rail - 28 * unit, left + 11 * unit, rail - 17 * unit, (250, 232, 170))
        for wheel in (14, 34, 54):
            disc(picture, (right - wheel * unit, rail - 4), 6 * unit, (40, 40, 46))
    box(
        picture,
        front - 18 * unit,
        rail - 50 * unit,
        front - 8 * unit,
        rail - 34 * unit,
        mixed(colour, (0, 0, 0), 0.4),
    )
    for puff in range(5):
        age = (moment * 6 + puff * 0.2) % 1
        disc(
            picture,
            (front - 14 - 90 * age, rail - 58 - 34 * age),
            5 + 12 * age,
            mixed((250, 250, 250), (176, 204, 222), age),
        )
    return with_subject(valley, picture, look.shown)


def cabin(moment: float, look: Look) -> Picture:
    """Snow falls on a cabin with a lit yellow window at night."""
    night = scenery.winter_night()
    picture = night.copy()
    x, base, unit = 250 + look.across, 248 + look.down, look.size
    light = look.colour or (252, 206, 96)
    wide = 74 * unit * look.squeeze
    box(picture, x - wide, base - 66 * unit, x + wide, base, (92, 62, 46))
    for plank in range(1, 6):
        stroke(
            picture, (x - wide, base - 11 * unit * plank), (x + wide, base - 11 * unit * plank), (76, 50, 38), 1
        )
    shape(
        picture,
        [(x - wide - 16, base - 62 * unit), (x, base - 122 * unit), (x + wide + 16, base - 62 * unit)],
        (228, 236, 246),
    )
    box(picture, x - 48 * unit, base - 50 * unit, x - 12 * unit, base - 18 * unit, light)
    stroke(picture, (x - 30 * unit, base - 50 * unit), (x - 30 * unit, base - 18 * unit), (70, 46, 34), 2)
    box(picture, x + 18 * unit, base - 46 * unit, x + 44 * unit, base, (58, 38, 30))
    picture = with_subject(night, picture, look.shown)
    scenery.snow(picture, moment)
    return picture


def fish(moment: float, look: Look) -> Picture:
    """Two orange fish swim in a round glass bowl."""
    table = scenery.bowl()
    picture = table.copy()
    colour = look.colour or (240, 130, 38)
    for number in range(2 if look.count is None else look.count):
        phase = moment * math.tau + number * math.pi
        x = 240 + 72 * math.cos(phase) + look.across
        y = 172 + 26 * math.sin(phase * 2 + number) + 18 * number - 12 + look.down
        heading = 1 if math.sin(phase) < 0 else -1
        length = 25 * look.size * look.squeeze
        wag = 5 * math.sin(moment * 40 + number)
        tail = x - heading * length * 0.8
        shape(
            picture,
            [(tail, y), (tail - heading * 17, y - 12 + wag), (tail - heading * 17, y + 12 + wag)],
            mixed(colour, (255, 255, 255), 0.2),
        )
        oval(picture, (x, y), (length, 13 * look.size), colour)
        disc(picture, (x + heading * length * 0.6, y - 3), 2.6, (30, 24, 20))
    return with_subject(table, picture, look.shown)


def windmill(moment: float, look: Look) -> Picture:
    """A white windmill with red sails turns under drifting clouds."""
    field = scenery.tulip_field(moment)
    picture = field.copy()
    x, base, unit = 250 + look.across, 262 + look.down, look.size
    wide = look.squeeze * unit
    shape(
        picture,
        [
            (x - 34 * wide, base),
            (x - 19 * wide, base - 128 * unit),
            (x + 19 * wide, base - 128 * unit),
            (x + 34 * wide, base),
        ],
        (240, 236, 226),
    )
    shape(
        picture,
        [(x - 24 * wide, base - 126 * unit), (x, base - 154 * unit), (x + 24 * wide, base - 126 * unit)],
        (96, 66, 58),
    )
    box(picture, x - 9 * unit, base - 30 * unit, x + 9 * unit, base, (96, 66, 58))
    hub = (x, base - 126 * unit)
    for blade in range(look.count or 4):
        angle = moment * math.pi * 1.5 + blade * math.tau / (look.count or 4)
        along, beside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
        corners = [
            (hub[0] + unit * (a * along[0] + b * beside[0]), hub[1] + unit * (a * along[1] + b * beside[1]))
            for a, b in ((14, 0), (92, 0), (92, 17), (14, 10))
        ]
        shape(picture, corners, look.colour or (198, 58, 48))
    disc(picture, hub, 6 * unit, (70, 50, 44))
    return with_subject(field, picture, look.shown)


def car(moment: float, look: Look) -> Picture:
    """A yellow car drives along a desert road past cacti."""
    desert = scenery.desert_road(moment)
    picture = desert.copy()
    x = 150 + 150 * moment + look.across
    road, unit, colour = 258 + look.down, look.size, look.colour or (240, 194, 40)
    wide = unit * look.squeeze
    shade(picture, (x, road + 3), (64 * wide, 5))
    shape(
        picture,
        [
            (x - 34 * wide, road - 34 * unit),
            (x - 20 * wide, road - 58 * unit),
            (x + 20 * wide, road - 58 * unit),
            (x + 38 * wide, road - 34 * unit),
        ],
        mixed(colour, (0, 0, 0), 0.12),
    )
    shape(
        picture,
        [
            (x - 26 * wide, road - 36 * unit),
            (x - 16 * wide, road - 53 * unit),
            (x + 17 * wide, road - 53 * unit),
            (x + 29 * wide, road - 36 * unit),
        ],
        (190, 222, 232),
    )
    box(picture, x - 62 * wide, road - 36 * unit, x + 62 * wide, road - 10 * unit, colour)
    for axle in (-36, 36):
        disc(picture, (x + axle * wide, road - 8 * unit), 13 * unit, (38, 36, 40))
        angle = moment * 34
        for spoke in range(3):
            turn = angle + spoke * math.tau / 3
            end = (x + axle * wide + 8 * math.cos(turn), road - 8 * unit + 8 * math.sin(turn))
            stroke(picture, (x + axle * wide, road - 8 * unit), end, (190, 190, 196), 2)
    return with_subject(desert, picture, look.shown)
