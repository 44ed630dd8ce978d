"""The one door to a project: whoever has no business there gets a 404, as if it did not exist."""

from typing import Any, TypeVar, cast

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from annotation.models import Membership, Project, Role, User
from annotation.prepared import NOTHING, PreparedModels
from annotation.second_factor import demand_second_factor

STAFF = (Role.LEAD, Role.REVIEWER)
Row = TypeVar("Row", bound=Model)


def membership_for(user: User | AnonymousUser, slug: str, *roles: Role) -> Membership:
    """This person's membership of the project, its `project` loaded; 404 without one of `roles` (any, if none).

    A lead without the second factor that leads need is sent to set it up.
    """
    member = _read_membership.first(str(slug), user.pk or NOTHING)
    if member is None or (roles and member.role not in roles):
        raise Http404
    if member.role == Role.LEAD:
        demand_second_factor(user)
    if isinstance(user, User):
        member.user = user  # loaded already
    return member


def shown_to(user: User | AnonymousUser, visible: QuerySet[Row], project: str, **which: object) -> Row:
    """The row among those that this person may see, for addresses that name no project; 404 where there is none.

    `project` names the rows' field of their project. A lead without the second factor that leads need is sent to
    set it up; who leads is asked in the same query.
    """
    leads = Membership.objects.filter(project=OuterRef(project), user=user.pk, role=Role.LEAD)
    found: Any = get_object_or_404(visible.annotate(asked_by_lead=Exists(leads)), **which)
    if found.asked_by_lead:
        demand_second_factor(user)
    return cast(Row, found)


_read_membership = PreparedModels(
    lambda slug, user_pk: Membership.objects.select_related("project").filter(project__slug=slug, user=user_pk)
)


def may_create_projects(user: User | AnonymousUser) -> bool:
    """Whoever leads a project may create another; the first one comes from the command line or a superuser."""
    return user.is_superuser or Project.objects.led_by(user).exists()
