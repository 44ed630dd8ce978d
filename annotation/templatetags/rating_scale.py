"""The scale's steps for templates."""

from django import template

from annotation.scale import Score

register = template.Library()


@register.simple_tag
def scale_steps() -> list[Score]:
    """The five steps, worst first."""
    return list(Score)
