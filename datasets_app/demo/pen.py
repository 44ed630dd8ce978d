"""A few drawing words over OpenCV: smooth shapes at fractions of a pixel. Colours are (red, green, blue)."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # height x width x 3, RGB
Colour = tuple[int, int, int]
Point = tuple[float, float]  # pixels from the top left

WIDTH, HEIGHT = 480, 320
_SHIFT = 4  # OpenCV takes coordinates in 1/16 pixel with this


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))


def sky(top: Colour, bottom: Colour, horizon: float = HEIGHT) -> Picture:
    """A new picture: a gradient from `top` down to `bottom` at `horizon` pixels, `bottom` below it."""
    share = np.clip(np.arange(HEIGHT, dtype=np.float32) / horizon, 0, 1)[:, None, None]
    colours = np.array(top, np.float32) * (1 - share) + np.array(bottom, np.float32) * share
    return np.broadcast_to(colours, (HEIGHT, WIDTH, 3)).round().astype(np.uint8)


def disc(picture: Picture, centre: Point, radius: float, colour: Colour) -> None:
    x, y = centre
    cv2.circle(picture, (_fixed(x), _fixed(y)), _fixed(radius), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def oval(picture: Picture, centre: Point, radii: Point, colour: Colour, angle: float = 0) -> None:
    """A filled ellipse; `angle` in degrees, clockwise."""
    (x, y), (across, down) = centre, radii
    cv2.ellipse(
        picture,
        (_fixed(x), _fixed(y)),
        (_fixed(across), _fixed(down)),
        angle,
        0,
        360,
        colour,
        cv2.FILLED,
        cv2.LINE_AA,
        _SHIFT,
    )


def shape(picture: Picture, corners: Sequence[Point], colour: Colour) -> None:
    """A filled polygon."""
    points = np.array([[_fixed(x), _fixed(y)] for x, y in corners], np.int32)
    cv2.fillPoly(picture, [points], colour, cv2.LINE_AA, _SHIFT)


def box(picture: Picture, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    shape(picture, [(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def stroke(picture: Picture, start: Point, end: Point, colour: Colour, width: int = 2) -> None:
    ends = [(_fixed(x), _fixed(y)) for x, y in (start, end)]
    cv2.line(picture, ends[0], ends[1], colour, width, cv2.LINE_AA, _SHIFT)


def shade(picture: Picture, centre: Point, radii: Point, strength: float = 0.35) -> None:
    """A soft dark oval, for a shadow on the ground."""
    layer = picture.copy()
    oval(layer, centre, radii, (20, 18, 24))
    cv2.addWeighted(layer, strength, picture, 1 - strength, 0, picture)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other`."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
