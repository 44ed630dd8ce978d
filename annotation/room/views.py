"""The rating room: the next video, its drafts, its submit. Raters, reviewers and leads of the project may rate."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.access import membership_for
from annotation.fetch import for_scripts, session_required, wants_json
from annotation.models import Membership, Video
from annotation.room.answers import (
    conflict_answer,
    conflict_json,
    incomplete_answer,
    room_page,
    screening_part,
    submitted_json,
)
from annotation.room.drafts import Conflict, draft_of, mark_open, save_draft
from annotation.room.forms import DraftForm, SkipForm, SubmitForm
from annotation.room.progress import progress_of
from annotation.room.queue import lease_next, lease_on
from annotation.room.skip import skip
from annotation.room.submit import TooLate, submit, take_back


@session_required
@require_GET
def rate(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The whole page: the next video, one in hand (`?video=`), or why there is none."""
    member = membership_for(request.user, slug)
    if "video" not in request.GET:
        seat = lease_next(member.project, member.user)
        return room_page(request, member, draft_of(member.user, seat.video) if seat else None)
    video = _video(member, request.GET["video"])
    draft = draft_of(member.user, video)
    if draft is None:
        return redirect("rate", slug)
    lease_on(video, member.user)
    return room_page(request, member, draft)


@session_required
@for_scripts
@require_GET
def rate_next(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The next video's part of the page, to be kept ready behind the one on the screen; 204 when there is none."""
    member = membership_for(request.user, slug)
    after = _video(member, request.GET["after"]) if request.GET.get("after") else None
    seat = lease_next(member.project, member.user, after=after)
    draft = draft_of(member.user, seat.video) if seat else None
    return screening_part(request, member, draft) if draft else HttpResponse(status=204)


@session_required
@for_scripts
@require_POST
def rate_open(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """The video is on the screen now; repeated, it keeps the seat. `leased_until`: null when the seat is lost."""
    member = membership_for(request.user, slug)
    video = _video(member, public_id)
    draft = get_object_or_404(video.drafts, rater=member.user)
    mark_open(draft)
    seat = lease_on(video, member.user)
    return JsonResponse({"leased_until": seat.leased_until if seat else None})


@session_required
@for_scripts
@require_POST
def rate_draft(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Save unfinished answers."""
    member = membership_for(request.user, slug)
    video = _video(member, public_id)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    try:
        stored = save_draft(
            video=video, rater=member.user, answers=form.answers(), revision=form.cleaned_data["revision"]
        )
    except Conflict as conflict:
        return conflict_json(conflict)
    return JsonResponse({"revision": stored.revision, "saved_at": stored.saved_at})


@session_required
@require_POST
def rate_submit(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Submit the answers. The reply is written after the commit."""
    member = membership_for(request.user, slug)
    video = _video(member, public_id)
    form = SubmitForm(request.POST)
    if not form.is_valid():
        return incomplete_answer(request, member, video, form.errors)
    try:
        rating = submit(
            video=video,
            rater=member.user,
            answers=form.answers(),
            revision=form.cleaned_data["revision"],
            submit_key=form.cleaned_data["submit_key"],
        )
    except Conflict as conflict:
        return conflict_answer(request, member, conflict)
    if not wants_json(request):
        return redirect("rate", slug)
    return submitted_json(rating, member)


@session_required
@require_POST
def rate_skip(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Pass a video in hand over."""
    member = membership_for(request.user, slug)
    video = _video(member, public_id)
    form = SkipForm(request.POST)
    if not form.is_valid():
        return incomplete_answer(request, member, video, form.errors)
    try:
        skip(video=video, rater=member.user, reason=form.cleaned_data["reason"])
    except Conflict as conflict:
        return conflict_answer(request, member, conflict)
    if not wants_json(request):
        return redirect("rate", slug)
    return JsonResponse(vars(progress_of(member.project, member.user)))


@session_required
@require_POST
def rate_take_back(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Reopen the video submitted a moment ago."""
    member = membership_for(request.user, slug)
    try:
        take_back(video=_video(member, public_id), rater=member.user)
    except TooLate:
        message = _("It is too late to take this rating back.")
        if wants_json(request):
            return JsonResponse({"error": message}, status=409)
        messages.error(request, message)
        return redirect("rate", slug)
    url = f"{reverse('rate', args=[slug])}?video={public_id}"
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


def _video(member: Membership, public_id: UUID | str) -> Video:
    """A watchable or once watchable video of the member's project; 404 for any other, also for a bad id."""
    videos = member.project.videos.select_related("prompt", "project")
    return get_object_or_404(videos, public_id=_uuid(public_id))


def _uuid(text: UUID | str) -> UUID | None:
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        return None
