"""Inviting people: a one-time link makes its bearer a member. Only the hash of its token is stored."""

import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from annotation.audit import record
from annotation.models import AuditKind, Invitation, Membership, Project, Role, User

LINK_DAYS = 7
# What each role may do includes what the ones before it may.
RANK = {Role.RATER: 0, Role.REVIEWER: 1, Role.LEAD: 2}


class LinkClosed(Exception):
    """The link was used by somebody, or its time is over."""


@transaction.atomic
def invite(
    project: Project, role: Role, *, email: str = "", created_by: User | None = None
) -> tuple[Invitation, str]:
    """A new open invitation and its link, which cannot be had again. Nothing is sent.

    `email` is a note; and where people log in at their organisation, who comes with this address is let in.
    Raises `Project.DoesNotExist` where somebody has just asked to delete the project.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk, slug=project.slug)
    token = Invitation.new_token()
    invitation = Invitation.objects.create(
        project=project,
        role=role,
        email=email,
        token_sha256=Invitation.hash_token(token),
        created_by=created_by,
        expires_at=timezone.now() + datetime.timedelta(days=LINK_DAYS),
    )
    record(AuditKind.MEMBER_INVITED, by=created_by, project=project, role=role)
    return invitation, settings.SITE_URL + reverse("invitation", args=[token])


@transaction.atomic
def revoke(invitation: Invitation, *, by: User | None = None) -> None:
    """The link no longer works."""
    record(AuditKind.INVITATION_REVOKED, by=by, project=invitation.project, role=invitation.role)
    invitation.delete()


def is_open(invitation: Invitation) -> bool:
    """Whether the link still lets somebody in."""
    return invitation.accepted_at is None and invitation.expires_at > timezone.now()


def covers(membership: Membership | None, role: Role | str) -> bool:
    """Whether this membership already allows what `role` does."""
    return membership is not None and RANK[Role(membership.role)] >= RANK[Role(role)]


@transaction.atomic
def accept(invitation: Invitation, user: User) -> Membership:
    """Make `user` a member, or raise their role. Of two at once one wins; the other gets `LinkClosed`."""
    now = timezone.now()
    won = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, expires_at__gt=now).update(
        accepted_at=now, accepted_by=user
    )
    if not won:
        raise LinkClosed
    membership, joined = Membership.objects.get_or_create(
        project=invitation.project, user=user, defaults={"role": invitation.role}
    )
    before = membership.role
    if not covers(membership, invitation.role):
        membership.role = invitation.role
        membership.save(update_fields=["role"])
    if joined:
        record(AuditKind.MEMBER_JOINED, by=user, project=invitation.project, person=user, role=membership.role)
    elif before != membership.role:
        changes = [["role", before, membership.role]]
        record(AuditKind.ROLE_CHANGED, by=user, project=invitation.project, person=user, changes=changes)
    return membership


@transaction.atomic
def accept_as_new_user(invitation: Invitation, *, username: str, email: str, password: str) -> User:
    """Make an account and its membership together; a lost race (`LinkClosed`) leaves neither."""
    user = User.objects.create_user(username, email, password)
    accept(invitation, user)
    return user
