"""Who is in a project, with which role, and how much they may take. A project always keeps a lead.

Each change is noted in the audit log with who made it, `by` (None: a command). Whoever gets another role or is
taken out has their sessions ended: what an open page still shows them, its next request no longer does.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from annotation.audit import record
from annotation.models import AuditKind, Membership, Role, User
from annotation.review.decide import call_back_from
from annotation.room.hand_over import free_held, take_up_again
from annotation.room.queue import hold_rater


class LastLead(Exception):
    """Refused: the project would be left without a lead."""

    message = _("A project needs a lead. Make somebody else a lead first.")


@transaction.atomic
def change_role(membership: Membership, role: Role, *, by: User | None = None) -> None:
    """Give a member another role; the last lead keeps theirs (`LastLead`)."""
    if role != Role.LEAD:
        _keep_a_lead(membership)
    before = Membership.objects.select_for_update().get(pk=membership.pk).role
    if before == role:
        return
    Membership.objects.filter(pk=membership.pk).update(role=role)
    membership.user.end_sessions()
    _note(AuditKind.ROLE_CHANGED, membership, by, changes=[["role", before, role]])


@transaction.atomic
def remove(membership: Membership, *, by: User | None = None) -> None:
    """Take a member out. Their ratings stay; the seats they hold are free at once.

    What was returned to them waits for a reviewer again.
    """
    hold_rater(membership.user)  # first, as everywhere
    _keep_a_lead(membership)
    free_held(membership.project, membership.user)
    call_back_from(membership.project, membership.user)
    membership.user.end_sessions()
    _note(AuditKind.MEMBER_REMOVED, membership, by, role=membership.role)
    membership.delete()


@transaction.atomic
def pause(membership: Membership, *, by: User | None = None) -> None:
    """Give this rater nothing new, and free what they hold for the others at once. Drafts and words stay."""
    hold_rater(membership.user)
    Membership.objects.filter(pk=membership.pk).update(paused=True)
    free_held(membership.project, membership.user)
    _note(AuditKind.MEMBER_PAUSED, membership, by)


@transaction.atomic
def go_on(membership: Membership, *, by: User | None = None) -> None:
    """End the pause: what they had begun is theirs again where a seat is free."""
    hold_rater(membership.user)
    Membership.objects.filter(pk=membership.pk).update(paused=False)
    take_up_again(membership.project, membership.user)
    _note(AuditKind.MEMBER_WENT_ON, membership, by)


@transaction.atomic
def set_cap(membership: Membership, videos_a_day: int | None, *, by: User | None = None) -> None:
    """Let the queue give this rater at most so many videos a day; None: as many as they like."""
    hold_rater(membership.user)
    Membership.objects.filter(pk=membership.pk).update(daily_cap=videos_a_day)
    _note(AuditKind.CAP_CHANGED, membership, by, changes=[["daily_cap", membership.daily_cap, videos_a_day]])


@transaction.atomic
def free_all(membership: Membership) -> None:
    """Free what this rater holds. A tab that still shows such a video takes it again, unless somebody has it."""
    hold_rater(membership.user)
    free_held(membership.project, membership.user)


def _note(kind: AuditKind, membership: Membership, by: User | None, **details: Any) -> None:
    record(kind, by=by, project=membership.project, person=membership.user, **details)


def _keep_a_lead(membership: Membership) -> None:
    # The rows stay locked until the change is stored, so that two leads cannot remove each other at once.
    leads = Membership.objects.select_for_update().filter(project=membership.project_id, role=Role.LEAD)
    others = [lead for lead in leads.order_by("pk") if lead.pk != membership.pk]
    if not others:
        raise LastLead
