"""What production may not start with: each weak setting is refused by its name."""

from django.core.exceptions import ImproperlyConfigured

MIN_KEY_CHARACTERS = 50
MIN_KEY_VARIETY = 10


def refuse_weak_production(
    *, debug: bool, secret_key: str, allowed_hosts: list[str], database_engine: str
) -> None:
    """Raise `ImproperlyConfigured` that names every weak setting; nothing is refused when `debug` is on."""
    if debug:
        return
    weak = []
    if len(secret_key) < MIN_KEY_CHARACTERS or len(set(secret_key)) < MIN_KEY_VARIETY:
        weak.append(f"SECRET_KEY needs at least {MIN_KEY_CHARACTERS} random characters")
    if not allowed_hosts or "*" in allowed_hosts:
        weak.append("ALLOWED_HOSTS must name the hosts that this site answers to, without *")
    if database_engine.endswith("sqlite3"):
        weak.append("DATABASE_URL must name a PostgreSQL database; SQLite is for development")
    if weak:
        raise ImproperlyConfigured(
            "Refusing to start with DEBUG off: " + "; ".join(weak) + ". On your own machine, set DEBUG=1."
        )
