"""The seats of one video: a lead frees one, or hands it to somebody."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.access import membership_for
from annotation.models import Membership, Role, Seat
from annotation.projects.forms import GiveForm
from annotation.room.hand_over import CannotHandOver, free_seat, give


@login_required
@require_POST
def free(request: HttpRequest, slug: str, public_id: str, number: int) -> HttpResponse:
    seat = _seat(membership_for(request.user, slug, Role.LEAD), public_id, number)
    return _do(request, seat, lambda: free_seat(seat), _("Seat {number} is free.").format(number=number))


@login_required
@require_POST
def give_to(request: HttpRequest, slug: str, public_id: str, number: int) -> HttpResponse:
    lead = membership_for(request.user, slug, Role.LEAD)
    seat = _seat(lead, public_id, number)
    form = GiveForm(request.POST, project=lead.project)
    if not form.is_valid():
        messages.error(request, _("Choose somebody of this project."))
        return redirect("video", slug, public_id)
    member = form.cleaned_data["member"]
    done = _("Seat {number} waits for {name}.").format(number=number, name=member.user.username)
    return _do(request, seat, lambda: give(seat, member), done)


def _do(request: HttpRequest, seat: Seat, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except CannotHandOver as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, done)
    return redirect("video", seat.video.project.slug, seat.video.public_id)


def _seat(lead: Membership, public_id: str, number: int) -> Seat:
    seats = Seat.objects.select_related("video__project").filter(video__project=lead.project)
    return get_object_or_404(seats, video__public_id=public_id, number=number)
