"""`remove_second_factor PERSON`: for who lost telephone and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from annotation.management.find_person import find_person
from annotation.second_factor import remove_second_factor


class Command(BaseCommand):
    help = (
        "Let somebody who lost telephone and recovery codes log in with the password alone; where leads need a "
        "second factor they set up another. Make sure that it is them who ask. Safe to run twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="username or address")

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_person(options["person"])
        if remove_second_factor(person):
            self.stdout.write(f"{person.username} logs in without a second factor now; their sessions have ended.")
        else:
            self.stdout.write(f"{person.username} has no second factor; nothing changed.")
