"""The plots of a dataset card: numbers in, SVG text out, the same on any day.

Dark on white whatever the reader's theme: a card is read on sites whose theme a picture cannot know.
"""

from collections.abc import Sequence
from html import escape

from datasets_app.releases.markdown import printable

STYLE = (
    "text{font:12px system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;fill:#5c5c5c}"
    ".name{font-size:13px;fill:#1b1b1b}.title{font-size:15px;font-weight:600;fill:#1b1b1b}"
    ".ground{fill:#fff}.rule{stroke:#d0d0d0}.bar{fill:#3b3b3b}"
)
WIDTH = 720  # pixels
LINE = 24  # pixels a row
LABEL_LETTERS = 36
TITLE = 34  # pixels above a plot
WIDEST_BAR = 60


def columns(title: str, panels: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str:
    """Bar charts side by side: each panel's name, and a count under each label. Bars carry whole percents."""
    height, head, foot = 180, 52, 28
    slot = (WIDTH - 16) / len(panels)
    parts = []
    for place, (name, counts) in enumerate(panels):
        left, bar = 16 + place * slot, (slot - 24) / max(len(counts), 1)
        wide = min(bar * 0.72, WIDEST_BAR)
        total, largest = sum(n for _, n in counts) or 1, max([n for _, n in counts], default=0) or 1
        parts.append(_text(left, 22, name, "start", "name"))
        parts.append(f'<path class="rule" d="M{left:.1f} {height - foot}H{left + slot - 24:.1f}"/>')
        for index, (label, n) in enumerate(counts):
            middle, tall = left + bar * (index + 0.5), (height - head - foot) * n / largest
            size = f'width="{wide:.1f}" height="{tall:.1f}"'
            parts.append(f'<rect class="bar" x="{middle - wide / 2:.1f}" y="{height - foot - tall:.1f}" {size}/>')
            parts.append(_text(middle, height - foot - tall - 5, f"{100 * n / total:.0f}"))
            parts.append(_text(middle, height - 10, label))
    return _svg(title, height, parts)


def rows(title: str, bars: Sequence[tuple[str, float, str]], top: float | None = None) -> str:
    """Bars below each other: a label, a length (`top` reaches the full width, else the longest does), a note."""
    left, right = 266, 160
    longest = top or max((value for _, value, _ in bars), default=0) or 1
    parts = []
    for index, (label, value, note) in enumerate(bars):
        y, wide = 12 + index * LINE, (WIDTH - left - right) * value / longest
        parts.append(_text(left - 10, y + 13, _shortened(label), "end", "name"))
        parts.append(f'<rect class="bar" x="{left}" y="{y + 2}" width="{wide:.1f}" height="{LINE - 10}"/>')
        parts.append(_text(left + wide + 8, y + 13, note, "start"))
    return _svg(title, 20 + len(bars) * LINE, parts)


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    tall = height + TITLE
    size = f'width="{WIDTH}" height="{tall}" viewBox="0 0 {WIDTH} {tall}"'
    ground = f'<rect class="ground" width="{WIDTH}" height="{tall}"/>{_text(16, 24, title, "start", "title")}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><title>{escape(title)}</title>'
        f'<style>{STYLE}</style>{ground}<g transform="translate(0 {TITLE})">{"".join(parts)}</g></svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(printable(text))}</text>'


def _shortened(text: str) -> str:
    return text if len(text) <= LABEL_LETTERS else f"{text[: LABEL_LETTERS - 1]}…"
