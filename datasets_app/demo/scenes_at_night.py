"""Two more scenes, at night; see `scenes`."""

import math

from datasets_app.demo import scenery
from datasets_app.demo.pen import Picture, box, disc, mixed, oval, shade, shape
from datasets_app.demo.scenes import Look, with_subject


def candles(moment: float, look: Look) -> Picture:
    """Three white candles burn on a dark table."""
    table = scenery.dark_table()
    picture = table.copy()
    count = look.count or 3
    for number in range(count):
        x = 240 + 96 * (number - (count - 1) / 2) + look.across
        base, wide, tall = 244 + look.down, 15 * look.size * look.squeeze, (84 + 14 * (number % 2)) * look.size
        top = base - tall
        shade(picture, (x, base), (wide * 1.7, 5))
        box(picture, x - wide, top, x + wide, base, look.colour or (240, 234, 220))
        oval(picture, (x, top), (wide, 4 * look.size), (250, 246, 236))
        sway = 4 * math.sin(moment * 22 + number * 2)
        flame = [(x - 8 * look.size, top - 8), (x + sway, top - 42 * look.size), (x + 8 * look.size, top - 8)]
        disc(picture, (x, top - 11 * look.size), 8 * look.size, (250, 176, 66))
        shape(picture, flame, (250, 176, 66))
        disc(picture, (x, top - 10 * look.size), 4 * look.size, (255, 240, 190))
    return with_subject(table, picture, look.shown)


def rocket(moment: float, look: Look) -> Picture:
    """A red rocket rises into the night over snowy firs."""
    night = scenery.winter_night()
    picture = night.copy()
    x, y = 236 + look.across, 236 - 176 * moment**1.4 + look.down
    unit, colour = look.size, look.colour or (204, 52, 46)
    wide = 17 * unit * look.squeeze
    for puff in range(4):
        age = (moment * 5 + puff / 4) % 1
        disc(picture, (x + 5 * math.sin(puff * 2 + moment * 30), y + (34 + 46 * age) * unit), 6 + 8 * age,
             mixed((252, 196, 92), (96, 98, 120), age))  # fmt: skip
    for side in (-wide, wide):
        fin = [(x + side, y + 4), (x + 2 * side, y + 32 * unit), (x + side, y + 24 * unit)]
        shape(picture, fin, mixed(colour, (0, 0, 0), 0.3))
    oval(picture, (x, y), (wide, 42 * unit), colour)
    disc(picture, (x, y - 12 * unit), 7 * unit, (206, 232, 244))
    return with_subject(night, picture, look.shown)
