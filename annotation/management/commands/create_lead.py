"""`create_lead EMAIL --project SLUG`: a one-time link that makes its bearer the project's lead."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from annotation.management.find_project import find_project
from annotation.models import Invitation, Membership, Project, Role
from annotation.projects.invite import LINK_DAYS, invite


class Command(BaseCommand):
    help = (
        "Print a one-time link that makes its bearer a lead of the project; nothing is sent. Safe to run twice: "
        "a lead stays one, and an unused link for the same address is replaced, since only its hash is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="whom the link is for")
        parser.add_argument("--project", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an email address") from None
        project = find_project(options["project"])
        if Membership.objects.filter(project=project, role=Role.LEAD, user__email__iexact=email).exists():
            self.stdout.write(f"{email} leads {project.slug} already; nothing changed.")
            return
        replaced, link = _new_link(project, email)
        if replaced:
            self.stderr.write("The link made for this address before no longer works.")
        self.stderr.write(f"Works once, within {LINK_DAYS} days:")
        self.stdout.write(link)


@transaction.atomic
def _new_link(project: Project, email: str) -> tuple[bool, str]:
    old = Invitation.objects.unaccepted(project).filter(role=Role.LEAD, email__iexact=email)
    replaced = old.delete()[0] > 0
    return replaced, invite(project, Role.LEAD, email=email)[1]
