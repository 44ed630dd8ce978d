"""Making a version the project's suggester, or having none, with all that follows."""

from django.db import transaction

from annotation.audit import record
from annotation.models import AuditKind, Project, ScorerVersion, User
from annotation.review.look_again import look_again
from annotation.room.ranking import rank_prompts


@transaction.atomic
def make_suggester(project: Project, version: ScorerVersion | None, *, by: User) -> None:
    """Raters are shown what this version suggests from now on; what was begun keeps what it showed.

    The queue's order and the review cases rest on the suggester, so they follow.
    """
    before = project.suggester
    project.suggester = version
    project.save(update_fields=["suggester"])
    rank_prompts(project)
    look_again(project)
    names = [str(one) if one else None for one in (before, version)]
    record(AuditKind.SUGGESTER_CHANGED, by=by, project=project, changes=[["suggester", *names]])
