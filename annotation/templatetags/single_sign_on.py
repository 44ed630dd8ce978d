"""The way to the organisation's own login, for the login page."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def organisation() -> str:
    """What the organisation's login is called; empty where there is none."""
    return settings.OIDC_NAME if settings.SOCIALACCOUNT_PROVIDERS else ""
