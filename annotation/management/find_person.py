"""The person that a command is about."""

from django.core.management.base import CommandError
from django.db.models import Q

from annotation.models import User


def find_person(name: str) -> User:
    """Whoever has this username or address. Raises CommandError where there is nobody."""
    person = (
        User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name.strip())).first() if name else None
    )
    if person is None:
        raise CommandError(f"There is nobody with the username or address {name!r}.")
    return person
