"""The rating room: the next video, its drafts, its submit. Raters, reviewers and leads of the project may rate."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from annotation.access import membership_for
from annotation.fetch import for_scripts, session_required, wants_json
from annotation.models import Draft, Membership, Rating, Stage, Video
from annotation.prepared import PreparedModels
from annotation.room.answers import (
    conflict_answer,
    conflict_json,
    incomplete_answer,
    room_page,
    screening_html,
    submitted_json,
    warned_answer,
)
from annotation.room.checks import Finding, check_answers
from annotation.room.drafts import (
    Conflict,
    draft_at,
    draft_of,
    is_answered,
    leave_as_it_is,
    mark_open,
    record_playback,
    save_draft,
    send_suggestion,
)
from annotation.room.forms import DraftForm, PlaybackForm, SkipForm, SubmitForm
from annotation.room.lacking import lacking
from annotation.room.next import next_draft
from annotation.room.progress import progress_of
from annotation.room.queue import lease_on
from annotation.room.skip import skip
from annotation.room.submit import TooLate, submit, take_back


@session_required
@require_GET
def rate(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The whole page: the next video, one in hand (`?video=`), or why there is none."""
    member = membership_for(request.user, slug)
    if "video" not in request.GET:
        return room_page(request, member, next_draft(member))
    video = _video(member, request.GET["video"])
    draft = draft_of(member.user, video)
    if draft is None:
        return redirect("rate", slug)
    if draft.stage == Stage.FIRST:
        lease_on(video, member.user)
        send_suggestion(member.project, draft)
    return room_page(request, member, draft)


@session_required
@for_scripts
@require_GET
def rate_next(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The next video's part of the page, for a room that has none ready; 204 when there is none."""
    member = membership_for(request.user, slug)
    after = _video(member, request.GET["after"]) if request.GET.get("after") else None
    draft = next_draft(member, after)
    return HttpResponse(screening_html(request, member, draft)) if draft else HttpResponse(status=204)


@session_required
@for_scripts
@require_POST
def rate_open(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """The video is on the screen now; repeated, it keeps the seat and what was played.

    `leased_until`: null when the seat is lost, or when none is needed because the video is rated already. With
    `ahead`, what comes after is leased, too: `next` is its part of the page, null when there is none.
    """
    member = membership_for(request.user, slug)
    draft = draft_at(member, public_id)
    if draft is None:
        raise Http404
    mark_open(draft)
    form = PlaybackForm(request.POST)
    if form.is_valid():
        record_playback(draft, form.played())
    seat = lease_on(draft.video, member.user) if draft.stage == Stage.FIRST else None
    answer: dict[str, Any] = {"leased_until": seat.leased_until if seat else None}
    if request.POST.get("ahead"):
        following = next_draft(member, draft.video)
        answer["next"] = screening_html(request, member, following) if following else None
    return JsonResponse(answer)


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
            video=video,
            rater=member.user,
            answers=form.answers(),
            revision=form.cleaned_data["revision"],
            submit_key=form.cleaned_data["submit_key"],
            played=form.played(),
        )
    except Conflict as conflict:
        return conflict_json(conflict)
    return JsonResponse({"revision": stored.revision, "saved_at": stored.saved_at})


@session_required
@require_POST
def rate_submit(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Submit the answers. The reply is written after the commit."""
    member = membership_for(request.user, slug)
    draft = draft_at(member, public_id)
    video = draft.video if draft else _video(member, public_id)
    form = SubmitForm(request.POST)
    if not form.is_valid():
        return incomplete_answer(request, member, video, form.errors)
    answers, given = form.answers(), form.cleaned_data
    found: list[Finding] = []
    if draft and is_answered(draft, answers, given["revision"], given["submit_key"]):
        if errors := lacking(video, draft, answers, form.played()):
            return incomplete_answer(request, member, video, errors)
        found = check_answers(draft, answers)
    news = [finding for finding in found if not finding.stands]
    if news and not given["warned"]:
        return warned_answer(request, member, video, news)
    try:
        rating = submit(
            video=video,
            rater=member.user,
            answers=answers,
            revision=given["revision"],
            submit_key=given["submit_key"],
            played=form.played(),
            found=found,
        )
    except Conflict as conflict:
        return conflict_answer(request, member, conflict)
    return submitted_json(request, rating, member) if wants_json(request) else _onwards(slug, rating)


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
    return JsonResponse(vars(progress_of(member)))


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


@session_required
@require_POST
def rate_leave(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    """Give an edit up: the rating stays as it is."""
    member = membership_for(request.user, slug)
    leave_as_it_is(_video(member, public_id), member.user)
    return JsonResponse(vars(progress_of(member))) if wants_json(request) else redirect("rate", slug)


def _onwards(slug: str, rating: Rating) -> HttpResponse:
    """To the next video, or to the same one where the model is revealed now."""
    revealed = Draft.objects.filter(revises=rating, stage=Stage.REVEAL).exists()
    query = f"?video={rating.video.public_id}" if revealed else ""
    return redirect(reverse("rate", args=[slug]) + query)


def _video(member: Membership, public_id: UUID | str) -> Video:
    """A watchable or once watchable video of the member's project; 404 for any other, also for a bad id."""
    valid = _uuid(public_id)
    video = _read_video.first(member.project_id, valid) if valid else None
    if video is None:
        raise Http404
    video.project = member.project  # loaded already
    return video


_read_video = PreparedModels(
    lambda project_pk, public_id: Video.objects.select_related("prompt").filter(
        project=project_pk, public_id=public_id
    )
)


def _uuid(text: UUID | str) -> UUID | None:
    try:
        return text if isinstance(text, UUID) else UUID(text)
    except ValueError:
        return None
