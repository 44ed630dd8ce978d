"""The one door to a project: whoever has no business there gets a 404, as if it did not exist."""

from django.contrib.auth.models import AnonymousUser
from django.shortcuts import get_object_or_404

from annotation.models import Membership, Project, Role, User

STAFF = (Role.LEAD, Role.REVIEWER)


def membership_for(user: User | AnonymousUser, slug: str, *roles: Role) -> Membership:
    """This person's membership of the project, its `project` loaded; 404 without one of `roles` (any, if none)."""
    memberships = Membership.objects.select_related("project", "project__suggester__scorer")
    if roles:
        memberships = memberships.filter(role__in=roles)
    return get_object_or_404(memberships, project__slug=slug, user_id=user.pk)


def may_create_projects(user: User | AnonymousUser) -> bool:
    """Whoever leads a project may create another; the first one comes from the command line or a superuser."""
    return user.is_superuser or Project.objects.led_by(user).exists()
