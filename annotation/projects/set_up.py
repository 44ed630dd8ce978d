"""Setting up a project and changing its settings, with what follows from a change."""

from collections.abc import Iterable

from django.db import transaction

from annotation.models import Membership, Project, Role, User
from annotation.room.ranking import rank_prompts
from annotation.room.seats import make_seats
from annotation.room.settle import settle_to_overlap


@transaction.atomic
def create_project(project: Project, *, lead: User) -> Project:
    """Store a new project with its first lead."""
    project.save()
    Membership.objects.create(project=project, user=lead, role=Role.LEAD)
    return project


@transaction.atomic
def change_settings(project: Project, changed: Iterable[str]) -> None:
    """Store a project whose fields named in `changed` are new: seats, verdicts and ranks follow."""
    project.save()
    if "overlap" in changed:
        make_seats(project)
        settle_to_overlap(project)
    if "order" in changed:
        rank_prompts(project)
