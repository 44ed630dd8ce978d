"""The scale for templates."""

from functools import lru_cache
from typing import NamedTuple

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from annotation.models.scores import Scores
from annotation.scale import DIMENSIONS, Dimension, Score

register = template.Library()


class Step(NamedTuple):
    """A step of the scale as pages show it: a page has fifteen, so nothing is left to be worked out there."""

    value: int
    digit: str
    short_label: str


@register.simple_tag
def scale_steps() -> list[Step]:
    """The five steps, worst first."""
    return [Step(score.value, str(score.value), str(score.short_label)) for score in Score]


@register.simple_tag
def scale(key: str, chosen: int | None, shown: int | None) -> SafeString:
    """The radios of a dimension: `chosen` is ticked, `shown` marked as the model's score.

    Written once for each language and pair of scores: three of them are on the path of every video.
    """
    return _scale(get_language(), key, chosen, shown)


@lru_cache(maxsize=1_000)
def _scale(language: str | None, key: str, chosen: int | None, shown: int | None) -> SafeString:
    theirs = gettext("(the model's score)")
    return format_html_join(
        "\n      ",
        '<label class="step{}"><input type="radio" name="{}" value="{}" required{}>'
        '<span class="digit">{}</span><span class="word">{}</span>{}</label>',
        (
            (
                " suggested" if step.value == shown else "",
                key,
                step.digit,
                " checked" if step.value == chosen else "",
                step.digit,
                step.short_label,
                format_html('<span class="visually-hidden">{}</span>', theirs) if step.value == shown else "",
            )
            for step in scale_steps()
        ),
    )


@register.filter
def by_dimension(record: Scores) -> list[tuple[Dimension, int | None]]:
    """The three dimensions, each with its score."""
    return [(dimension, record.scores[dimension.key]) for dimension in DIMENSIONS]
