"""Find a release for a command, or say in one line why not."""

from django.core.management.base import CommandError

from annotation.models import Project
from datasets_app.models import Release, ReleaseState


def find_release(project: Project, number: int) -> Release:
    """The project's finished release of this number. Raises CommandError."""
    release = Release.objects.filter(project=project, number=number).first()
    if release is None:
        raise CommandError(f"Project '{project.slug}' has no release {number}.")
    if release.state != ReleaseState.DONE:
        raise CommandError(f"Release {number} of '{project.slug}' is not done but {release.state}.")
    return release
