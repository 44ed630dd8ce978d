"""The people of a project: a lead invites, changes roles, pauses, caps, frees what they hold, removes."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotation.access import membership_for
from annotation.models import Invitation, Membership, Project, Role, User
from annotation.projects.forms import CapForm, InviteForm, RoleForm
from annotation.projects.invite import invite as invite_somebody
from annotation.projects.invite import is_open
from annotation.projects.invite import revoke as revoke_link
from annotation.projects.members import LastLead, change_role, free_all, go_on, pause, remove, set_cap
from annotation.projects.overview import rater_counts
from annotation.projects.seats_held import held_by_person


@login_required
@require_safe
def members(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, membership_for(request.user, slug, Role.LEAD), InviteForm())


@login_required
@require_POST
@never_cache
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows the new link in its own answer: it is not kept anywhere, so no later page could show it."""
    membership = membership_for(request.user, slug, Role.LEAD)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, membership, form, status=422)
    inviter = request.user if isinstance(request.user, User) else None
    role = Role(form.cleaned_data["role"])
    try:
        _invitation, link = invite_somebody(
            membership.project, role, email=form.cleaned_data["email"], created_by=inviter
        )
    except Project.DoesNotExist:  # deleted meanwhile
        raise Http404 from None
    return _page(request, membership, InviteForm(), link=link, invited_role=str(role.label))


@login_required
@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    membership = membership_for(request.user, slug, Role.LEAD)
    invitation = get_object_or_404(Invitation.objects.unaccepted(membership.project), pk=pk)
    revoke_link(invitation, by=membership.user)
    messages.success(request, _("The link no longer works."))
    return redirect("project-members", slug)


@login_required
@require_POST
def member_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        membership_for(request.user, slug, Role.LEAD)
        messages.error(request, _("There is no such role."))
        return redirect("project-members", slug)
    role = Role(form.cleaned_data["role"])
    return _change(request, slug, pk, partial(change_role, role=role), _("{name} is now: {role}."), role)


@login_required
@require_POST
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _change(request, slug, pk, remove, _("{name} is no longer in this project; their ratings stay."))


@login_required
@require_POST
def member_pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _change(request, slug, pk, pause, _("{name} is paused; what they held is free for the others."))


@login_required
@require_POST
def member_go_on(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _change(request, slug, pk, go_on, _("{name} goes on."))


@login_required
@require_POST
def member_free(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _change(
        request, slug, pk, lambda member, by: free_all(member), _("What {name} held is free for the others.")
    )


@login_required
@require_POST
def member_cap(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    form = CapForm(request.POST)
    if not form.is_valid():
        membership_for(request.user, slug, Role.LEAD)
        messages.error(request, _("A daily cap is a number from 1 to 9999, or empty for no limit."))
        return redirect("project-members", slug)
    cap = form.cleaned_data["daily_cap"]
    done = _("{name} gets at most {cap} a day.") if cap else _("{name} has no daily cap.")
    return _change(request, slug, pk, partial(set_cap, videos_a_day=cap), done.replace("{cap}", str(cap)))


def _change(
    request: HttpRequest,
    slug: str,
    pk: int,
    change: Callable[..., None],
    done: str,
    role: Role | None = None,
) -> HttpResponse:
    membership = membership_for(request.user, slug, Role.LEAD)
    member = get_object_or_404(membership.project.memberships.select_related("user"), pk=pk)
    try:
        change(member, by=membership.user)
    except LastLead as refusal:
        messages.error(request, refusal.message)
        return redirect("project-members", slug)
    if member.user == membership.user:  # their own doing: this session goes on, others of theirs have ended
        update_session_auth_hash(request, member.user)
    messages.success(request, done.format(name=member.user.username, role=role.label if role else ""))
    still_lead = membership.project.memberships.filter(user=request.user.pk, role=Role.LEAD).exists()
    return redirect("project-members", slug) if still_lead else redirect("projects")


def _page(
    request: HttpRequest, membership: Membership, form: InviteForm, status: int = 200, **more: str
) -> HttpResponse:
    project = membership.project
    counts = rater_counts(project)
    held = held_by_person(project)
    people = project.memberships.select_related("user").order_by("user__username")
    context = {
        "project": project,
        "role": membership.role,
        "tab": "members",
        "form": form,
        "roles": Role.choices,
        "members": [
            (member, *counts.get(member.user_id, (0, 0)), held.get(member.user_id, [])) for member in people
        ],
        "invitations": [
            (link, is_open(link)) for link in Invitation.objects.unaccepted(project).select_related("created_by")
        ],
        **more,
    }
    return render(request, "annotation/members.html", context, status=status)
