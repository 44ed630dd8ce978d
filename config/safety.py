"""What this site may not start with: each weak setting is refused by its name, with what to do about it."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

MIN_KEY_CHARACTERS = 50
MIN_KEY_VARIETY = 10
MIN_TOKEN_CHARACTERS = 16
MOST_PROXIES = 10
# Passwords of databases that everybody tries first; the user's own name is one, too.
KNOWN_PASSWORDS = {"postgres", "password", "secret", "admin", "changeme", "change-me", "screening_room", "123456"}
# Beginnings of keys that stand in public: Django's template for new projects, and our own tests and demo.
KNOWN_KEYS = ("django-insecure-", "only-for-", "change-me", "changeme")

Settings = Mapping[str, Any]


def refuse_weak_settings(settings: Settings) -> None:
    """Raise `ImproperlyConfigured` that names every weak setting. With `DEBUG` on: that it stays here."""
    checks = DEVELOPMENT if settings["DEBUG"] else PRODUCTION
    weak = [said for check in checks if (said := check(settings))]
    if weak and settings["DEBUG"]:
        raise ImproperlyConfigured(f"Refusing to start with DEBUG on: {'; '.join(weak)}.")
    if weak:
        raise ImproperlyConfigured(
            f"Refusing to start with DEBUG off: {'; '.join(weak)}. On your own machine, set DEBUG=1."
        )


def whole_number(text: str, name: str, *, least: int = 0) -> int:
    """The number that a setting says. Raises `ImproperlyConfigured` with the setting's name for anything else."""
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} on, not {text!r}.")
    return int(text)


def address_of(name: str, read: Callable[[str], dict[str, Any]], text: str) -> dict[str, Any]:
    """What an address says. Raises `ImproperlyConfigured` with the setting's name, and without its passwords."""
    try:
        if found := read(text):
            return found
    except (ImproperlyConfigured, ValueError):
        pass
    raise ImproperlyConfigured(
        f"{name} must be an address that can be read, in the form that docs/configuration.md shows."
    )


def _debug(settings: Settings) -> str:
    seen = not all(map(_is_here, settings["ALLOWED_HOSTS"])) or settings["BEHIND_TLS"]
    return "DEBUG shows code and settings to strangers: set DEBUG=0 where others reach this site" if seen else ""


def _secret_key(settings: Settings) -> str:
    key = settings["SECRET_KEY"]
    short = len(key) < MIN_KEY_CHARACTERS or len(set(key)) < MIN_KEY_VARIETY
    weak = short or key.lower().startswith(KNOWN_KEYS)
    return f"SECRET_KEY needs at least {MIN_KEY_CHARACTERS} random characters of its own" if weak else ""


def _allowed_hosts(settings: Settings) -> str:
    hosts = settings["ALLOWED_HOSTS"]
    bad = not hosts or any("*" in host or "/" in host or not host.strip(".") for host in hosts)
    return "ALLOWED_HOSTS must name the hosts that this site answers to, without * and https://" if bad else ""


def _database(settings: Settings) -> str:
    database = settings["DATABASES"]["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return "DATABASE_URL must name a PostgreSQL database, SQLite is for development"
    password = database.get("PASSWORD") or ""
    if password and (password in KNOWN_PASSWORDS or password == database.get("USER")):
        return "DATABASE_URL has a password that everybody tries first: choose a random one"
    return ""


def _tls(settings: Settings) -> str:
    if settings["BEHIND_TLS"] or all(map(_is_here, settings["ALLOWED_HOSTS"])):
        return ""
    return "BEHIND_TLS must be on, with TLS at a proxy in front: without it passwords can be read on their way"


def _site_url(settings: Settings) -> str:
    address = urlsplit(settings["SITE_URL"])
    if address.scheme not in ("http", "https") or not address.hostname:
        return "SITE_URL must be the address of this site, https://rooms.example.org for example"
    if settings["BEHIND_TLS"] and address.scheme != "https":
        return "SITE_URL must begin with https:// where BEHIND_TLS is on: links to passwords are made from it"
    return ""


def _origins(settings: Settings) -> str:
    scheme = "https://" if settings["BEHIND_TLS"] else "http"
    bad = any("*" in one or not one.startswith(scheme) for one in settings["CSRF_TRUSTED_ORIGINS"])
    return f"CSRF_TRUSTED_ORIGINS must name whole addresses that begin with {scheme}, without *" if bad else ""


def _proxies(settings: Settings) -> str:
    many = settings["ALLAUTH_TRUSTED_PROXY_COUNT"] > MOST_PROXIES
    return f"TRUSTED_PROXIES counts the proxies in front, 0 to {MOST_PROXIES}" if many else ""


def _import_root(settings: Settings) -> str:
    if not settings["IMPORT_ROOT"]:
        return ""
    root, data = Path(settings["IMPORT_ROOT"]), settings["DATA_DIR"]
    if not root.is_absolute():
        return "IMPORT_ROOT must be a whole path, beginning with /"
    root = root.resolve()
    if root.is_relative_to(data) or data.is_relative_to(root):
        return "IMPORT_ROOT must be a folder apart from DATA_DIR, never / : leads read what lies in it"
    return ""


def _media(settings: Settings) -> str:
    place = settings["MEDIA_ACCEL_REDIRECT"]
    bad = place and not (place.startswith("/") and place.endswith("/") and len(place) > 2)
    return "MEDIA_ACCEL_REDIRECT must be nginx's location, between slashes: /protected/" if bad else ""


def _metrics(settings: Settings) -> str:
    weak = 0 < len(settings["METRICS_TOKEN"]) < MIN_TOKEN_CHARACTERS
    return f"METRICS_TOKEN needs at least {MIN_TOKEN_CHARACTERS} characters, or none to be off" if weak else ""


def _oidc(settings: Settings) -> str:
    weak = settings["OIDC_SERVER_URL"] and not settings["OIDC_SERVER_URL"].startswith("https://")
    said = "OIDC_SERVER_URL must begin with https://: what that server says about people is believed"
    return said if weak else ""


def _email(settings: Settings) -> str:
    said = (
        "EMAIL_URL must name a mail server, or be consolemail:// where mails and their links may stand in the log"
    )
    return "" if settings["EMAIL_URL"] else said


def _is_here(host: str) -> bool:
    """Whether nobody but this machine can call a site by this name."""
    name = host.strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


Check = Callable[[Settings], str]
DEVELOPMENT: list[Check] = [_debug]
PRODUCTION: list[Check] = [
    _secret_key,
    _allowed_hosts,
    _database,
    _tls,
    _site_url,
    _origins,
    _proxies,
    _import_root,
    _media,
    _metrics,
    _oidc,
    _email,
]
