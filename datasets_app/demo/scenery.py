"""What stands behind the subjects: rooms, seas, hills. Still parts are drawn once and kept."""

import math
from functools import cache

import numpy as np

from datasets_app.demo.pen import HEIGHT, WIDTH, Colour, Picture, box, disc, mixed, oval, shape, sky, stroke


@cache
def wooden_room() -> Picture:
    picture = sky((214, 202, 184), (232, 222, 206), 200)
    box(picture, 320, 38, 428, 138, (250, 250, 246))
    box(picture, 328, 46, 420, 130, (156, 196, 220))
    stroke(picture, (374, 46), (374, 130), (250, 250, 246), 4)
    box(picture, 0, 200, WIDTH, 208, (244, 238, 228))
    grain = np.random.default_rng(3)
    for row in range(6):
        top, bottom = 208 + row * row * 3.2 + row * 3, 208 + (row + 1) ** 2 * 3.2 + row * 3 + 3
        box(picture, 0, top, WIDTH, bottom, mixed((164, 110, 66), (134, 86, 48), float(grain.random())))
        for _ in range(5):
            x = float(grain.uniform(0, WIDTH))
            stroke(picture, (x, top + 2), (x + 50, top + 2), (120, 76, 42), 1)
    return picture


def sunset_sea(moment: float) -> Picture:
    picture = _sunset().copy()
    for row in range(11):
        y = 196 + row * 11
        for wave in range(7):
            x = (wave * 83 + row * 47 + moment * (14 + 4 * row)) % (WIDTH + 60) - 30
            stroke(picture, (x, y), (x + 18 + 2 * row, y), mixed((246, 170, 120), (90, 82, 120), row / 11), 1)
    return picture


@cache
def _sunset() -> Picture:
    picture = sky((64, 60, 110), (250, 164, 96), 186)
    disc(picture, (352, 166), 34, (255, 226, 150))
    box(picture, 0, 186, WIDTH, HEIGHT, (76, 78, 122))
    for row in range(12):
        oval(picture, (352, 194 + row * 10), (34 - row * 2, 2.4), mixed((255, 214, 140), (76, 78, 122), row / 13))
    return picture


def clouds(picture: Picture, moment: float, colour: Colour = (252, 252, 252), speed: float = 46) -> None:
    """Three clouds that drift to the right by `speed` pixels a clip."""
    for x, y, size in ((60, 52, 1.0), (250, 34, 0.7), (400, 76, 0.85)):
        left = (x + speed * moment * size + 60) % (WIDTH + 120) - 60
        for across, down, radius in ((-26, 5, 15), (-6, -5, 21), (18, 0, 18), (36, 6, 12)):
            oval(picture, (left + across * size, y + down * size), (radius * size * 1.2, radius * size), colour)


def green_hills(moment: float) -> Picture:
    picture = _hills().copy()
    clouds(picture, moment)
    return picture


def _ridge(picture: Picture, base: float, swing: float, step: float, colour: Colour) -> None:
    crest = [
        (x, base + swing * math.sin(x * step) + swing * 0.4 * math.sin(x * step * 2.7))
        for x in range(0, WIDTH + 9, 8)
    ]
    shape(picture, [*crest, (WIDTH, HEIGHT), (0, HEIGHT)], colour)


@cache
def _hills() -> Picture:
    picture = sky((120, 184, 230), (222, 240, 248), 240)
    _ridge(picture, 226, 16, 0.014, (150, 190, 128))
    _ridge(picture, 252, 14, 0.021, (112, 164, 92))
    _ridge(picture, 284, 10, 0.017, (80, 138, 70))
    trees = np.random.default_rng(5)
    for _ in range(16):
        x, y = float(trees.uniform(0, WIDTH)), float(trees.uniform(262, 300))
        box(picture, x - 1.5, y, x + 1.5, y + 9, (84, 62, 44))
        disc(picture, (x, y - 3), 7, (58, 112, 58))
    return picture


@cache
def stone_bridge() -> Picture:
    picture = sky((176, 204, 222), (236, 228, 208), 230)
    _ridge(picture, 176, 22, 0.013, (150, 168, 150))
    _ridge(picture, 214, 16, 0.019, (112, 140, 108))
    box(picture, 0, 190, WIDTH, 212, (148, 138, 128))
    for pier in range(7):
        x = pier * 80
        box(picture, x - 9, 210, x + 9, 300, (148, 138, 128))
        oval(picture, (x + 40, 240), (31, 28), (112, 140, 108))
    for row in range(2):
        for stone in range(25):
            left = stone * 20 + row * 10
            stroke(picture, (left, 192 + row * 10), (left, 200 + row * 10), (124, 114, 106), 1)
    box(picture, 0, 292, WIDTH, HEIGHT, (98, 138, 160))
    stroke(picture, (0, 188), (WIDTH, 188), (70, 64, 62), 3)
    return picture


@cache
def winter_night() -> Picture:
    picture = sky((16, 22, 48), (58, 72, 112), 240)
    disc(picture, (392, 60), 24, (240, 240, 226))
    stars = np.random.default_rng(8)
    for x, y in stars.uniform((0, 0), (WIDTH, 150), (46, 2)):
        disc(picture, (float(x), float(y)), 0.9, (210, 216, 236))
    for x, tall in ((60, 120), (112, 92), (396, 128), (446, 96)):
        for tier in range(3):
            top, half = 250 - tall + tier * tall * 0.26, 18 + 11 * tier
            shape(picture, [(x - half, top + tall * 0.4), (x, top), (x + half, top + tall * 0.4)], (30, 62, 62))
    _ridge(picture, 250, 6, 0.02, (214, 224, 240))
    return picture


@cache
def dark_table() -> Picture:
    picture = sky((26, 20, 26), (52, 38, 38), 214)
    box(picture, 0, 214, WIDTH, HEIGHT, (74, 48, 34))
    for row in range(4):
        stroke(picture, (0, 222 + row * 13), (WIDTH, 222 + row * 13), (62, 40, 28), 1)
    return picture


def snow(picture: Picture, moment: float) -> None:
    """Flakes that fall and sway."""
    flakes = np.random.default_rng(13)
    for x, y, size in flakes.uniform((0, 0, 1.2), (WIDTH, HEIGHT, 3.0), (110, 3)):
        fall = (float(y) + moment * 150 * float(size) / 2) % HEIGHT
        disc(picture, (float(x) + 6 * math.sin(moment * 9 + float(y)), fall), float(size), (246, 248, 252))


@cache
def bowl() -> Picture:
    picture = sky((120, 144, 142), (178, 190, 178), 250)
    box(picture, 0, 250, WIDTH, HEIGHT, (150, 112, 82))
    oval(picture, (240, 268), (112, 12), (122, 90, 66))
    oval(picture, (240, 166), (146, 112), (214, 232, 236))
    oval(picture, (240, 172), (139, 100), (124, 190, 212))
    oval(picture, (240, 260), (76, 14), (214, 190, 140))
    for x, tall in ((176, 58), (190, 80), (304, 66)):
        for leaf in range(5):
            oval(picture, (x + 4 * math.sin(leaf * 1.4), 258 - leaf * tall / 5), (5, 11), (66, 140, 88))
    oval(picture, (168, 108), (9, 26), (240, 248, 250), 34)
    return picture


def tulip_field(moment: float) -> Picture:
    picture = _field().copy()
    clouds(picture, moment, speed=80)
    return picture


@cache
def _field() -> Picture:
    picture = sky((106, 172, 226), (214, 234, 246), 230)
    box(picture, 0, 236, WIDTH, HEIGHT, (96, 150, 74))
    colours = ((224, 84, 96), (244, 196, 72), (236, 132, 176), (240, 240, 232))
    for row in range(7):
        y = 250 + row * 11
        for tulip in range(60):
            disc(picture, (tulip * 9 + row * 4 % 9, y), 1.6 + row * 0.35, colours[row % 4])
    return picture


def desert_road(moment: float) -> Picture:
    picture = _desert().copy()
    for number, (x, size) in enumerate(((40, 1.0), (210, 0.75), (360, 1.15), (520, 0.9))):
        left = (x - 150 * moment + 80) % (WIDTH + 160) - 80
        _cactus(picture, left, 222 + number % 2 * 6, size)
    for dash in range(9):
        left = (dash * 70 - 420 * moment) % (WIDTH + 140) - 70
        box(picture, left, 281, left + 34, 285, (236, 224, 186))
    return picture


def _cactus(picture: Picture, x: float, base: float, size: float) -> None:
    green = (74, 124, 84)
    for left, top, right, bottom in (
        (-6, -52, 6, 0),
        (-22, -38, -14, -18),
        (-22, -24, -4, -16),
        (14, -46, 21, -26),
        (4, -32, 20, -25),
    ):
        box(picture, x + left * size, base + top * size, x + right * size, base + bottom * size, green)
    disc(picture, (x, base - 52 * size), 6 * size, green)


@cache
def _desert() -> Picture:
    picture = sky((118, 190, 226), (252, 224, 176), 200)
    disc(picture, (84, 58), 24, (255, 240, 190))
    shape(picture, [(290, 196), (312, 120), (368, 118), (390, 196)], (196, 112, 82))
    shape(picture, [(398, 196), (410, 146), (448, 144), (470, 196)], (182, 100, 76))
    box(picture, 0, 194, WIDTH, HEIGHT, (228, 180, 120))
    box(picture, 0, 244, WIDTH, 306, (96, 92, 96))
    return picture
