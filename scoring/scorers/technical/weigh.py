"""From faults to a score with its probabilities.

A dimension's quality starts at the settings' `clean`; each fault takes its share of what lies above 1, times its
strength. A fault's strength is the share of viewers it disturbs, so the answer's variance is the settings' width
squared plus, for each fault, (what it can take)^2 * strength * (1 - strength): a fault that is surely there or
surely not adds nothing, a borderline one widens the answer. The probabilities of the five scores are those of a
normal distribution of that mean and width, taken at 1 to 5 and made to add up to one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from annotation.scale import MAX_SCORE, MIN_SCORE
from scoring.protocol import Opinion, Probabilities
from scoring.scorers.technical.faults import Fault

SCORES = np.arange(MIN_SCORE, MAX_SCORE + 1)


def weigh(faults: Mapping[str, Fault], dimension: Mapping[str, Any]) -> Opinion:
    """The opinion on one dimension; its hard score is the most likely one."""
    room = dimension["clean"] - MIN_SCORE
    quality, variance = room, dimension["width"] ** 2
    for kind, share in dimension["shares"].items():
        strength = faults[kind].strength
        quality *= 1 - share * strength
        variance += (share * room) ** 2 * strength * (1 - strength)
    density = np.exp(-((SCORES - MIN_SCORE - quality) ** 2) / (2 * variance))
    p1, p2, p3, p4, p5 = (round(float(p), 6) for p in density / density.sum())
    probabilities = Probabilities((p1, p2, p3, p4, p5))
    return Opinion(hard_score=probabilities.best, probabilities=probabilities)
