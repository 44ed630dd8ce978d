"""Setting up a project and changing its settings, with what follows from a change."""

from collections.abc import Iterable

from django.db import transaction

from annotation.audit import record
from annotation.models import AuditKind, Membership, Project, Role, User
from annotation.review.look_again import look_again
from annotation.room.fit_overlap import fit_later
from annotation.room.ranking import rank_prompts


@transaction.atomic
def create_project(project: Project, *, lead: User) -> Project:
    """Store a new project with its first lead."""
    project.save()
    Membership.objects.create(project=project, user=lead, role=Role.LEAD)
    record(AuditKind.PROJECT_CREATED, by=lead, project=project)
    return project


@transaction.atomic
def change_guidelines(project: Project, text: str, *, by: User | None = None) -> None:
    """Store the guidelines that raters read from now on; how long they were and are is noted."""
    before = len(Project.objects.values_list("guidelines", flat=True).get(pk=project.pk))
    Project.objects.filter(pk=project.pk).update(guidelines=text)
    record(AuditKind.GUIDELINES_CHANGED, by=by, project=project, changes=[["characters", before, len(text)]])


@transaction.atomic
def change_settings(project: Project, changed: Iterable[str], *, by: User | None = None) -> None:
    """Store what is new of a project, the fields named in `changed`: its ranks follow now.

    Seats, verdicts and review cases follow by a worker.
    """
    changed = set(changed)
    if changed:
        before = Project.objects.filter(pk=project.pk).values(*changed).get()
        changes = [[name, before[name], getattr(project, name)] for name in sorted(changed)]
        record(AuditKind.SETTINGS_CHANGED, by=by, project=project, changes=changes)
        project.save(update_fields=changed)  # nothing else: a worker or another lead may have changed the rest
    if "overlap" in changed:
        fit_later(project)
    if "order" in changed:
        rank_prompts(project)
    if "audit_percent" in changed:
        look_again(project)
