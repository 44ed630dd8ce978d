"""The evaluation's pictures as SVG: how sure and how right, and who said what. In the look of the other charts."""

import math

from annotation.projects.charts import label, svg
from annotation.scale import DIMENSIONS
from scoring.evaluation.compared import Compared
from scoring.evaluation.metrics import STEPS
from scoring.evaluation.tables_of import confusion, reliability

GAP, HEAD, FOOT, LEFT, RIGHT = 26, 44, 34, 30, 12  # pixels
MOST_SIDE = 200.0
MOST_SHADE = 0.35  # letters on it stay readable in dark and light


def _places(width: int) -> tuple[list[tuple[float, float]], float, float]:
    """Where three squares begin, their side, and the height of all: in a row, or stacked where it is narrow."""
    across = 3 if width > 400 else 1
    side = min((width - RIGHT - across * LEFT - (across - 1) * GAP) / across, MOST_SIDE)
    high = HEAD + side + FOOT
    corners = [
        (LEFT + (nth % across) * (side + LEFT + GAP), HEAD + (nth // across) * high)
        for nth in range(len(DIMENSIONS))
    ]
    return corners, side, high * math.ceil(len(DIMENSIONS) / across)


def reliability_plot(rows: Compared, width: int, *, sure: str, right: str) -> str:
    """A dot a bin of confidence, its area by the number of videos, over the diagonal of perfect calibration.

    `sure` and `right` name the axes, in percent.
    """
    corners, side, height = _places(width)
    parts = []
    for d, (left, top) in enumerate(corners):
        bins = [each for each in reliability(rows, d).tolist() if each[0]]
        most = max((n for n, *_ in bins), default=1)
        parts += _frame(left, top, side, str(DIMENSIONS[d].short_label), sure, f"↑ {right}")
        parts.append(f'<path class="rule" d="M{left:.1f} {top + side:.1f}L{left + side:.1f} {top:.1f}"/>')
        parts += [label(left - 5, top + 4, "100", "end"), label(left - 5, top + side, "0", "end")]
        parts += [label(left, top + side + 14, "0"), label(left + side, top + side + 14, "100")]
        for n, confidence, share in bins:
            x, y = left + side * confidence, top + side * (1 - share)
            radius = 2.5 + 5.5 * math.sqrt(n / most)
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')
    return svg(width, round(height), parts)


def confusion_plot(rows: Compared, width: int, *, scorer: str, people: str) -> str:
    """Five by five counts a dimension, a row a human score; the shade is the share of its row."""
    corners, side, height = _places(width)
    parts = []
    for d, (left, top) in enumerate(corners):
        table, cell = confusion(rows, d), side / STEPS
        parts += _frame(left, top, side, str(DIMENSIONS[d].short_label), scorer, f"↓ {people}")
        for row in range(STEPS):
            n = max(int(table[row].sum()), 1)
            y = top + row * cell
            parts.append(label(left - 5, y + cell / 2 + 4, str(row + 1), "end"))
            parts.append(label(left + (row + 0.5) * cell, top + side + 14, str(row + 1)))
            for column in range(STEPS):
                x, count = left + column * cell, int(table[row, column])
                shade = MOST_SHADE * count / n
                size = f'width="{cell - 1:.1f}" height="{cell - 1:.1f}"'
                parts.append(f'<rect class="bar" fill-opacity="{shade:.3f}" x="{x:.1f}" y="{y:.1f}" {size}/>')
                if count:
                    parts.append(label(x + cell / 2, y + cell / 2 + 4, _short(count), name="name"))
    return svg(width, round(height), parts)


def _frame(left: float, top: float, side: float, name: str, below: str, beside: str) -> list[str]:
    """The square, its name, and what its axes are: the upright one is named above, with its direction."""
    right, bottom = left + side, top + side
    path = f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"
    return [
        f'<path class="rule" fill="none" d="{path}"/>',
        label(left, top - 26, name, "start", "name"),
        label(left, top - 9, beside, "start"),
        label(left + side / 2, bottom + 28, f"{below} →"),
    ]


def _short(count: int) -> str:
    return str(count) if count < 10_000 else f"{count / 1000:.0f}k"
