"""The one door to a project: whoever has no business there gets a 404, as if it did not exist."""

from django.contrib.auth.models import AnonymousUser
from django.shortcuts import get_object_or_404

from annotation.models import Membership, Role, User

STAFF = (Role.LEAD, Role.REVIEWER)


def membership_for(user: User | AnonymousUser, slug: str, *roles: Role) -> Membership:
    """This person's membership of the project, its `project` loaded; 404 without one of `roles` (any, if none)."""
    memberships = Membership.objects.select_related("project", "project__suggester__scorer")
    if roles:
        memberships = memberships.filter(role__in=roles)
    return get_object_or_404(memberships, project__slug=slug, user_id=user.pk)
