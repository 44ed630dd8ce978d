"""What settings say about logins, in the form that django-allauth wants."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

REQUIRED_FOR = ("", "leads")


def check_second_factor_setting(required_for: str) -> None:
    """Raise `ImproperlyConfigured` for a word that would silently ask nobody."""
    if required_for not in REQUIRED_FOR:
        raise ImproperlyConfigured(f'MFA_REQUIRED_FOR is "leads" or empty, not {required_for!r}.')


def openid_connect(server_url: str, client_id: str, secret: str, name: str) -> dict[str, Any]:
    """The one server that people may log in at, known as `oidc`; nothing without its address.

    Raises `ImproperlyConfigured` where the rest is missing.
    """
    if not server_url:
        return {}
    if not (client_id and secret):
        raise ImproperlyConfigured("OIDC_SERVER_URL needs OIDC_CLIENT_ID and OIDC_SECRET beside it.")
    app = {
        "provider_id": "oidc",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": server_url.rstrip("/"), "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}
