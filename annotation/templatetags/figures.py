"""How figures are written on pages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """A share in whole percents, "46" or "−92"; empty without one."""
    return "" if share is None else f"{round(100 * share)}".replace("-", "−")


@register.filter
def points(difference: float) -> str:
    """A difference of shares in whole percentage points with its sign, "+17" or "−3"."""
    return f"{100 * difference:+.0f}".replace("-", "−")


@register.filter
def signed(value: object) -> str:
    """A difference in steps of the scale with its sign, "+0.1"; a dash without one."""
    if not isinstance(value, float):
        return "–"
    rounded = round(value, 1)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return sign + number_format(abs(rounded), 1)


@register.filter
def decimals(value: object) -> str:
    """Two decimals, "0.71"; a dash without a value (a template gives "" for an attribute of None)."""
    return number_format(round(value, 2), 2).replace("-", "−") if isinstance(value, float) else "–"


@register.filter
def as_written(value: object) -> str:
    """A value of a manifest line as the line has it; a text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@register.filter
def pace(a_day: float) -> str:
    """Ratings a day: whole from 10 on, else one decimal."""
    return intcomma(round(a_day)) if a_day >= 10 else number_format(round(a_day, 1), 1)


@register.filter
def ago(moment: datetime) -> str:
    """How long a moment is past, "12 s", "3 min" or "2 h"."""
    seconds = max((timezone.now() - moment).total_seconds(), 0)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"


@register.filter
def since(moment: datetime) -> str:
    """How long a moment is past, in words: "5 days, 2 hours", and no "0 minutes"."""
    under_a_minute = timezone.now() - moment < timedelta(minutes=1)
    return gettext("less than a minute") if under_a_minute else timesince(moment)


@dataclass(frozen=True)
class Bar:
    """One bar of a small chart, in pixels of the chart; `share` is 0 to 1."""

    score: int
    share: float
    left: int
    top: float
    height: float

    @property
    def middle(self) -> int:
        return self.left + BAR_WIDTH // 2

    @property
    def label(self) -> float:
        """The foot of the number above the bar."""
        return round(self.top - 2, 1)


BAR_WIDTH, BAR_STEP, BARS_TOP, BARS_FLOOR = 16, 28, 12, 32


@register.filter
def bars(probabilities: Sequence[float]) -> list[Bar]:
    """The probabilities of the scores 1 to 5 as bars, for `annotation/probabilities.html`."""
    found = []
    for index, share in enumerate(probabilities):
        height = (BARS_FLOOR - BARS_TOP) * min(max(share, 0.0), 1.0)
        found.append(Bar(index + 1, share, 6 + BAR_STEP * index, round(BARS_FLOOR - height, 1), round(height, 1)))
    return found
