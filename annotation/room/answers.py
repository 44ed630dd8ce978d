"""What the rating room answers: the page, a part of it, or JSON for its scripts."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from annotation.fetch import wants_json
from annotation.models import Draft, MediaState, Membership, Rating, Video
from annotation.room.drafts import Conflict, draft_of, mark_open, save_draft
from annotation.room.forms import DraftForm
from annotation.room.progress import progress_of
from annotation.room.screening import screening_of
from annotation.scale import DIMENSION_KEYS

PAGE = "annotation/rate.html"


def room_page(
    request: HttpRequest, member: Membership, draft: Draft | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The rating room with this draft's video on the screen, or the page that says why there is none."""
    context = _context(member, draft) | more
    if draft is not None:
        mark_open(draft)
    return render(request, PAGE, context, status=status)


def screening_part(request: HttpRequest, member: Membership, draft: Draft) -> HttpResponse:
    """One video's part of the page, not yet on the screen."""
    return render(request, f"{PAGE}#screening", _context(member, draft))


def incomplete_answer(
    request: HttpRequest, member: Membership, video: Video, errors: dict[str, Any]
) -> HttpResponse:
    """422 with a sentence for each field. A plain form gets its page again, with what it sent kept as draft."""
    if wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    form = DraftForm(request.POST)
    if form.is_valid():
        try:
            save_draft(
                video=video, rater=member.user, answers=form.answers(), revision=form.cleaned_data["revision"]
            )
        except Conflict as conflict:
            return conflict_answer(request, member, conflict)
    draft = draft_of(member.user, video)
    if draft is None:
        return redirect("rate", member.project.slug)
    return room_page(request, member, draft, status=422, errors=errors)


def conflict_answer(request: HttpRequest, member: Membership, conflict: Conflict) -> HttpResponse:
    """409 with the server's copy beside what was sent."""
    if wants_json(request):
        return conflict_json(conflict)
    stored = conflict.stored if isinstance(conflict.stored, Draft) else None
    return room_page(request, member, stored, status=409, conflict=str(conflict), sent=request.POST.dict())


def conflict_json(conflict: Conflict) -> JsonResponse:
    """`{error, revision, draft, submitted}`; `draft` is the server's copy, null where nothing is left."""
    stored = conflict.stored
    answer: dict[str, Any] = {
        "error": str(conflict),
        "revision": stored.revision if isinstance(stored, Draft) else None,
        "submitted": isinstance(stored, Rating),
        "draft": _answers_of(stored) if stored is not None else None,
    }
    if isinstance(stored, Draft):
        answer["submit_key"] = stored.submit_key
    return JsonResponse(answer, status=409)


def submitted_json(rating: Rating, member: Membership) -> JsonResponse:
    """What was stored, and how far the rater is now. A log of these lines is what `verify_invariants` reads."""
    stored = {"rating": rating.pk, "submit_key": rating.submit_key, **_answers_of(rating)}
    return JsonResponse({**stored, **vars(progress_of(member.project, member.user))})


def _answers_of(stored: Draft | Rating) -> dict[str, Any]:
    reasons = {f"{key}_reason": getattr(stored, f"{key}_reason") for key in DIMENSION_KEYS}
    return {**stored.scores, **reasons, "flagged": stored.flagged}


def _context(member: Membership, draft: Draft | None) -> dict[str, Any]:
    progress = progress_of(member.project, member.user)
    context: dict[str, Any] = {"project": member.project, "role": member.role, "progress": progress}
    if draft is not None:
        return context | {"screening": screening_of(member.project, draft.video, draft, progress)}
    videos = member.project.videos
    waiting = videos.filter(media_state=MediaState.WAITING).count()
    return context | {"screening": None, "waiting": waiting, "empty": not videos.exists()}
