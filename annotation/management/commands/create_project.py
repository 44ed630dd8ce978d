"""`create_project SLUG`: a project from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from annotation.audit import record
from annotation.models import Arm, AuditKind, Project
from annotation.projects.forms import ProjectForm
from annotation.projects.read_shares import read_shares


class Command(BaseCommand):
    help = (
        "Create a project. Safe to run twice: the same values change nothing, other values are refused "
        "(settings are changed on the project's page)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the project's address: small letters, digits, hyphens")
        parser.add_argument("--name", help="shown to people; the slug if not given")
        parser.add_argument("--overlap", type=int, help="ratings per video, 1-20 (default 1)")
        parser.add_argument(
            "--arms",
            help="shares that add up to 1: prefill=0.8,reveal=0.1,blind=0.1; default prefill=0.9,blind=0.1",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {key: options[key] for key in ("name", "overlap") if options[key] is not None}
        if options["arms"] is not None:
            wanted |= _arms(options["arms"])
        project = Project.objects.filter(slug=options["slug"]).first()
        if project is None:
            _create(options["slug"], wanted)
            self.stdout.write(f"Created {options['slug']}. Next: create_lead EMAIL --project {options['slug']}")
            return
        for field, value in wanted.items():
            stored = getattr(project, field)
            if stored != value:
                raise CommandError(
                    f"{project.slug} is there with {field} {stored!r}, not {value!r}: change it on its page"
                )
        self.stdout.write(f"{project.slug} is there already; nothing changed.")


def _arms(text: str) -> dict[str, int]:
    try:
        percents = read_shares(text, allowed=Arm.values)
    except ValueError as error:
        raise CommandError(f"--arms: {error}") from error
    return {f"{arm}_percent": percents.get(arm, 0) for arm in Arm.values}


def _create(slug: str, wanted: dict[str, Any]) -> None:
    """Check what the settings page checks, then store."""
    fresh = Project(slug=slug, name=slug)
    data = {field: getattr(fresh, field) for field in ProjectForm.Meta.fields} | wanted
    form = ProjectForm(data)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise CommandError(f"{field}: {errors[0]}")
    with transaction.atomic():
        record(AuditKind.PROJECT_CREATED, by=None, project=form.save())
