"""Charts as SVG pictures: numbers in, text out. Their colours follow the reader's light or dark preference.

A picture cannot see the page's custom properties, so the few colours of `tokens.css` stand here again.
"""

import base64
import datetime
import hashlib
import math
from collections.abc import Sequence

from django.utils.formats import date_format

STYLE = (
    "text{font:11px system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;fill:#a8a8a8}"
    ".name{font-size:12px;fill:#ededed}.rule{stroke:#3b3b3b}.line{fill:none;stroke:#f0b54a;stroke-width:2}"
    ".dot{fill:#f0b54a}.bar{fill:#ededed}"
    "@media (prefers-color-scheme:light){text{fill:#5c5c5c}.name{fill:#1b1b1b}.rule{stroke:#d0d0d0}"
    ".line{stroke:#b57a12}.dot{fill:#b57a12}.bar{fill:#3b3b3b}}"
)
# The one style that a chart's own content security policy lets in.
STYLE_SOURCE = "'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'"
# Pixels. Each is near the width it is shown at, so that letters keep their size: two columns and a phone.
WIDTHS = {"wide": 640, "side": 440, "narrow": 340}


def svg(width: int, height: int, parts: Sequence[str]) -> str:
    """A picture of this size in pixels, in the one style."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{"".join(parts)}</svg>\n'


def label(x: float, y: float, text: str, anchor: str = "middle", name: str = "") -> str:
    """Words at a place in pixels; `name` is a class of the style."""
    kind = f' class="{name}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{text}</text>'


def nice_top(largest: int) -> int:
    """The round number at the top of an axis: 1, 2, 5, 10, 20, 50, ..., at least `largest`."""
    top = 1
    while top < largest:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top


def line_chart(days: Sequence[tuple[datetime.date, int]], width: int) -> str:
    """Counts a day as a line from zero. `days` are consecutive, at least two."""
    height, left, right, head, foot = 200, 40, 24, 14, 24
    top = nice_top(max(n for _, n in days))
    step = (width - left - right) / (len(days) - 1)
    floor = height - foot

    def y(n: float) -> float:
        return floor - (floor - head) * n / top

    rules = [f'<path class="rule" d="M{left} {y(n):.1f}H{width - right}"/>' for n in (0, top / 2, top)]
    labels = [label(left - 8, y(n) + 4, str(n), "end") for n in (0, top)]
    every = math.ceil(56 / step)
    labels += [
        label(left + index * step, height - 6, date_format(day, "MONTH_DAY_FORMAT"))
        for index, (day, _) in enumerate(days)
        if (len(days) - 1 - index) % every == 0
    ]
    points = [(left + index * step, y(n)) for index, (_, n) in enumerate(days)]
    line = f'<path class="line" d="M{"L".join(f"{x:.1f} {at:.1f}" for x, at in points)}"/>'
    dot = f'<circle class="dot" cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3"/>'
    return svg(width, height, [*rules, *labels, line, dot])


def bar_charts(shares: Sequence[tuple[str, Sequence[int]]], width: int) -> str:
    """Small bar charts side by side, one a dimension; each bar carries its share in whole percents."""
    height, head, foot = 118, 40, 18
    column = width / len(shares)
    parts = []
    for place, (name, counts) in enumerate(shares):
        left, slot = place * column, (column - 20) / len(counts)
        total, largest = sum(counts) or 1, max(*counts, 1)
        parts.append(label(left, 14, name, "start", "name"))
        for index, n in enumerate(counts):
            middle, tall = left + slot * (index + 0.5), (height - head - foot) * n / largest
            size = f'width="{slot * 0.76:.1f}" height="{tall:.1f}" rx="2"'
            parts.append(
                f'<rect class="bar" x="{middle - slot * 0.38:.1f}" y="{height - foot - tall:.1f}" {size}/>'
            )
            parts.append(label(middle, height - foot - tall - 4, f"{100 * n / total:.0f}"))
            parts.append(label(middle, height - 4, str(index + 1)))
    return svg(width, height, parts)
