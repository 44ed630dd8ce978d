"""Form fields for templates."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def focused(field: BoundField) -> SafeString:
    """The control of a refused field: it takes the focus, so the page opens where something is to be mended."""
    return field.as_widget(attrs={"autofocus": True})
