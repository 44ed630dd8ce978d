"""From measures to faults: how strong each one is, and at which seconds it shows. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.scorers.technical.watch import Series, Track

Ramp = tuple[float, float]
Span = tuple[float, float]  # seconds, first and last
Found = tuple[float, tuple[Span, ...]]  # a measure in the unit of its ramp, and when it shows
AROUND = 2  # frames on either side that count as "around"
STILL_CHANGE = 0.1  # grey levels; less change than this is none
STILL_SHARE = 0.05  # of the clip's usual change
FREEZE_SECONDS = 0.2
CUT_LEVELS, CUT_RISE = 8.0, 6.0  # grey levels unexplained, and how many times those around
JUMP_LEVELS, JUMP_RISE = 20.0, 3.0  # the same for a blob
LEVELS = 6.0  # grey levels off the brightness around: a visible flicker
BLUR_BURST = 0.12
SPEED = 0.3  # pixels of 160; slower movement has no rhythm to lose
DOUBT_AT_RAMP_ENDS = np.log(7)  # one in eight at the first number, seven in eight at the second


@dataclass(frozen=True)
class Fault:
    """A fault with the share of viewers it would disturb (0 to 1) and when it shows."""

    kind: str
    strength: float
    spans: tuple[Span, ...] = ()  # empty where it is everywhere or nowhere


def find_faults(track: Track, ramps: Mapping[str, Ramp]) -> dict[str, Fault]:
    """Every kind of fault by name, present or not; none is ever quite 0 or 1."""
    faults = {}
    for kind, measure in MEASURES.items():
        value, spans = measure(track)
        faults[kind] = Fault(kind, _strength(value, *ramps[kind]), spans)
    return faults


def moves(track: Track) -> bool:
    """Whether anything moves in most of the clip."""
    return bool(np.median(track.motions["change"][1:]) > STILL_CHANGE) if track.frames > 1 else False


def _strength(value: float, mild: float, severe: float) -> float:
    """A logistic ramp: 1/8 at `mild`, 7/8 at `severe`."""
    middle, slope = (mild + severe) / 2, 2 * DOUBT_AT_RAMP_ENDS / (severe - mild)
    return float(1 / (1 + np.exp(-np.clip(slope * (value - middle), -50, 50))))


def _blur(track: Track) -> Found:
    blur = track.pictures["blur"]
    bursts = blur > np.median(blur) + BLUR_BURST
    return float((blur.mean() + np.percentile(blur, 90)) / 2), _times(track, bursts)


def _mean_of(name: str, sign: float = 1.0) -> Callable[[Track], Found]:
    return lambda track: (sign * float(track.pictures[name].mean()), ())


def _flat(track: Track) -> Found:
    return -float((track.pictures["brightest"] - track.pictures["darkest"]).mean()), ()


def _small(track: Track) -> Found:
    return -float(track.short_side), ()


def _off_brightness(track: Track) -> Series:
    """How far each frame's brightness is from the middle of its neighbours'."""
    level = np.cumsum(track.motions["step"])
    return np.abs(level - _around(level, itself=False))


def _flicker(track: Track) -> Found:
    off = _off_brightness(track)
    return float(off.mean()), _times(track, off >= LEVELS)


def _flash(track: Track) -> Found:
    off = _off_brightness(track)
    return float(off.max()), _times(track, off >= LEVELS)


def _still(track: Track) -> NDArray[np.bool_]:
    """Frames that repeat the one before, in a clip that moves."""
    change = track.motions["change"]
    if not moves(track):
        return np.zeros(track.frames, bool)
    still = change < max(STILL_CHANGE, STILL_SHARE * float(np.median(change[1:])))
    still[0] = False
    return np.asarray(still, bool)


def _freeze(track: Track) -> Found:
    runs = [
        run for run in _runs(_still(track)) if len(run) * track.frame_seconds >= FREEZE_SECONDS and len(run) > 1
    ]
    share = sum(len(run) for run in runs) / track.frames
    return share, tuple((float(track.seconds[run[0] - 1]), float(track.seconds[run[-1]])) for run in runs)


def _repeats(track: Track) -> Found:
    return float(_still(track).mean()), ()


def _cuts(track: Track) -> Found:
    cuts = _is_cut(track)
    return float(cuts.sum()), _times(track, cuts)


def _is_cut(track: Track) -> NDArray[np.bool_]:
    """Frames that share next to nothing with the one before, and are no flash."""
    unexplained = track.motions["unexplained"]
    sudden = (unexplained >= CUT_LEVELS) & (_rise(track, "unexplained", 0.5) >= CUT_RISE)
    flash = _off_brightness(track) >= LEVELS
    return np.asarray(sudden & ~flash & ~np.r_[False, flash[:-1]], bool)


def _jerk(track: Track) -> Found:
    speed = track.motions["speed"][1:]
    if len(speed) < 2 * AROUND or speed.mean() < SPEED:
        return 0.0, ()
    off = np.abs(speed - _around(speed))
    return float(off.mean() / (speed.mean() + SPEED)), _times(track, np.r_[False, off > speed.mean()])


def _jumps(track: Track) -> Found:
    """Something is elsewhere, there or gone at once, while the rest goes on."""
    rise = np.where(track.motions["blob"] >= JUMP_LEVELS, _rise(track, "blob", 3.0), 0.0)
    rise[_is_cut(track)] = 0.0
    return float(rise.max()), _times(track, rise >= JUMP_RISE)


def _boiling(track: Track) -> Found:
    contrast = float((track.pictures["brightest"] - track.pictures["darkest"]).mean())
    return float(np.median(track.motions["unexplained"][1:]) / (contrast + 10)) if track.frames > 1 else 0.0, ()


MEASURES: dict[str, Callable[[Track], Found]] = {
    "blur": _blur,
    "blocks": _mean_of("blocks"),
    "noise": _mean_of("noise"),
    "dark": _mean_of("brightest", -1.0),
    "bright": _mean_of("darkest"),
    "flat": _flat,
    "small": _small,
    "flicker": _flicker,
    "flash": _flash,
    "freeze": _freeze,
    "repeats": _repeats,
    "cuts": _cuts,
    "jerk": _jerk,
    "jumps": _jumps,
    "boiling": _boiling,
}


def _rise(track: Track, name: str, floor: float) -> Series:
    """How many times its surroundings each frame's measure is; frames without motion do not count as any."""
    series, ground = track.motions[name], track.motions[name].copy()
    idle = _still(track)
    idle[0] = True
    if not idle.all():
        ground[idle] = np.median(series[~idle])
    return series / (_around(ground) + floor)


def _around(series: Series, *, itself: bool = True) -> Series:
    """The median of each value's neighbours, with or without itself."""
    padded = np.pad(series, AROUND, mode="edge")
    places = [place for place in range(2 * AROUND + 1) if itself or place != AROUND]
    return np.asarray(np.median([padded[place : place + len(series)] for place in places], axis=0))


def _runs(marks: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Runs of neighbouring marked frames, as their indices."""
    places = np.flatnonzero(marks)
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []


def _times(track: Track, marks: NDArray[np.bool_]) -> tuple[Span, ...]:
    """The first and last second of each run of marked frames."""
    return tuple((float(track.seconds[run[0]]), float(track.seconds[run[-1]])) for run in _runs(marks))
