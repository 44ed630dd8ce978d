"""How the figures of an evaluation are written: times a hundred, with one decimal."""

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def hundred(value: object) -> str:
    """A share or a correlation times a hundred, "44.4" or "−3.0"; a dash without one."""
    return _written(100 * value) if isinstance(value, float) else "–"


@register.filter
def signed_hundred(value: object) -> str:
    """The same for a difference, with its sign: "+2.1"."""
    if not isinstance(value, float):
        return "–"
    return ("+" if round(100 * value, 1) > 0 else "") + _written(100 * value)


def _written(value: float) -> str:
    return number_format(round(value, 1) + 0.0, 1).replace("-", "−")
