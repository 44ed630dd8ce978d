"""Who is in a project, and with which role. A project always keeps a lead."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from annotation.models import Membership, Role, Seat


class LastLead(Exception):
    """Refused: the project would be left without a lead."""

    message = _("A project needs a lead. Make somebody else a lead first.")


@transaction.atomic
def change_role(membership: Membership, role: Role) -> None:
    """Give a member another role; the last lead keeps theirs (`LastLead`)."""
    if role != Role.LEAD:
        _keep_a_lead(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)


@transaction.atomic
def remove(membership: Membership) -> None:
    """Take a member out. Their ratings stay; the seats they hold are free at once."""
    _keep_a_lead(membership)
    Seat.objects.filter(
        video__project=membership.project_id, holder=membership.user_id, filled_at__isnull=True
    ).update(holder=None, leased_until=None)
    membership.delete()


def _keep_a_lead(membership: Membership) -> None:
    # The rows stay locked until the change is stored, so that two leads cannot remove each other at once.
    leads = Membership.objects.select_for_update().filter(project=membership.project_id, role=Role.LEAD)
    others = [lead for lead in leads.order_by("pk") if lead.pk != membership.pk]
    if not others:
        raise LastLead
