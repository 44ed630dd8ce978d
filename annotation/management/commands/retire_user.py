"""`retire_user PERSON`: close an account and forget whose it was."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.find_person import find_person
from annotation.projects.members import LastLead
from annotation.retire import retire


class Command(BaseCommand):
    help = (
        "Close an account for good: out of all projects, name, address, logins and unfinished drafts deleted. "
        "Ratings and decisions stay, under a name that is nobody's. Without --yes it only says what would happen."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="username or address")
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_person(options["person"])
        if not options["yes"]:
            kept = (
                f"{person.ratings.count()} versions of ratings and {person.reviews.count()} decisions would stay"
            )
            raise CommandError(f"{person.username}: {kept}. Add --yes to retire the account.")
        name = person.username
        try:
            person = retire(person)
        except LastLead as refusal:
            raise CommandError(f"{refusal.message} Nothing was changed.") from None
        self.stdout.write(f"{name} is {person.username} from now on.")
