"""The project that a command is about."""

from django.core.management.base import CommandError

from annotation.models import Project


def find_project(slug: str) -> Project:
    """The project at this address. Raises CommandError where there is none."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise CommandError(f"There is no project {slug!r}; create_project makes one.")
    return project
