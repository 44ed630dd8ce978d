"""What changes the answers of `technical`. Hashed into its version: a changed number is a new version.

Each fault has a ramp: the measure at which one viewer in eight minds it, and at which seven in eight do. A
dimension starts at `clean`, and each fault takes its share of what lies above 1, times the strength with which it
was found. `width` is the standard deviation of the answer where no fault is in doubt: of visual quality, the
error against people's ratings of the clips it was tried on; of physical consistency, the spread of experts' scores
themselves, since pixels tell little of what is possible.
"""

from typing import Any

# Rises with every change of the measuring code that changes an answer.
REVISION = 1

SETTINGS: dict[str, Any] = {
    "revision": REVISION,
    "max_frames": 3000,  # of a longer video, the first so many
    "max_pixels": 4096 * 2304,  # a larger picture is refused
    "measured_pixels": 1920 * 1088,  # a larger picture is measured at this size
    "ramps": {
        "blur": [0.42, 0.70],  # share of edges that a second blur leaves as they are
        "blocks": [1.25, 2.2],  # steps at the edges of 8-pixel blocks, over the steps between
        "noise": [4.0, 20.0],  # grey levels, standard deviation
        "dark": [-100.0, -45.0],  # minus the level that 5 % of the pixels exceed
        "bright": [150.0, 215.0],  # level that 95 % of the pixels exceed
        "flat": [-55.0, -15.0],  # minus the range of levels that holds 90 % of the pixels
        "small": [-420.0, -140.0],  # minus the shorter side, pixels
        "flicker": [1.2, 6.0],  # grey levels, mean deviation from the brightness around
        "flash": [6.0, 30.0],  # grey levels, largest deviation
        "freeze": [0.08, 0.45],  # share of the time that stands still in a clip that moves
        "repeats": [0.12, 0.60],  # share of frames that repeat the one before
        "cuts": [0.2, 1.2],  # cuts
        "jerk": [0.18, 0.45],  # deviation of the speed from the speed around, over the speed
        "jumps": [2.2, 5.0],  # the largest local change, over those around
        "boiling": [0.012, 0.05],  # what moving pixels do not explain, over the range of levels
    },
    "visual_quality": {
        "clean": 4.7,
        "width": 0.9,
        "shares": {
            "blur": 0.6,
            "blocks": 0.5,
            "noise": 0.45,
            "dark": 0.5,
            "bright": 0.4,
            "flat": 0.35,
            "small": 0.2,
            "flicker": 0.4,
            "flash": 0.25,
            "freeze": 0.3,
            "repeats": 0.2,
            "cuts": 0.2,
            "jerk": 0.2,
            "boiling": 0.15,
        },
    },
    "physical_consistency": {
        "clean": 3.8,
        "width": 1.1,
        "shares": {"flicker": 0.25, "freeze": 0.25, "cuts": 0.4, "jerk": 0.3, "jumps": 0.4, "boiling": 0.45},
    },
}
