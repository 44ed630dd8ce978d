"""What the rating room answers: the page, a part of it, or JSON for its scripts."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from annotation.fetch import wants_json
from annotation.models import Arm, Draft, MediaState, Membership, Rating, Stage, Video
from annotation.room.checks import Finding, sentences
from annotation.room.drafts import Conflict, draft_of, mark_open, save_draft
from annotation.room.forms import DraftForm
from annotation.room.next import is_capped
from annotation.room.progress import progress_of, videos_ahead
from annotation.room.screening import Said, screening_of
from annotation.scale import DIMENSION_KEYS

PAGE = "annotation/rate.html"


def room_page(
    request: HttpRequest, member: Membership, draft: Draft | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The rating room with this draft's video on the screen, or the page that says why there is none."""
    context = _context(member, draft, more.get("errors")) | more
    if draft is not None:
        mark_open(draft)
    return render(request, PAGE, context, status=status)


def screening_html(request: HttpRequest, member: Membership, draft: Draft) -> str:
    """One video's part of the page, not yet on the screen."""
    return render_to_string(f"{PAGE}#screening", _screen(member, draft), request)


def incomplete_answer(
    request: HttpRequest, member: Membership, video: Video, errors: dict[str, Any], **more: Any
) -> HttpResponse:
    """422 with a sentence for each field. A plain form gets its page again, with what it sent kept as draft."""
    if wants_json(request):
        return JsonResponse({"errors": errors}, status=422)
    form = DraftForm(request.POST)
    if form.is_valid():
        try:
            save_draft(
                video=video,
                rater=member.user,
                answers=form.answers(),
                revision=form.cleaned_data["revision"],
                submit_key=form.cleaned_data["submit_key"],
            )
        except Conflict as conflict:
            return conflict_answer(request, member, conflict)
    draft = draft_of(member.user, video)
    if draft is None:
        return redirect("rate", member.project.slug)
    return room_page(request, member, draft, status=422, errors=errors, **more)


def conflict_answer(request: HttpRequest, member: Membership, conflict: Conflict) -> HttpResponse:
    """409 with the server's copy beside what was sent."""
    if wants_json(request):
        return conflict_json(conflict)
    stored = conflict.stored if isinstance(conflict.stored, Draft) else None
    return room_page(request, member, stored, status=409, conflict=str(conflict), sent=request.POST.dict())


def conflict_json(conflict: Conflict) -> JsonResponse:
    """`{error, revision, draft, submitted[, submit_key, stage]}`; `draft` is the server's copy or null.

    `submit_key` and `stage` say which draft it is: another one than it was, where the rating has moved on.
    """
    stored = conflict.stored
    answer: dict[str, Any] = {
        "error": str(conflict),
        "revision": stored.revision if isinstance(stored, Draft) else None,
        "submitted": isinstance(stored, Rating),
        "draft": _answers_of(stored) if stored is not None else None,
    }
    if isinstance(stored, Draft):
        answer |= {"submit_key": stored.submit_key, "stage": stored.stage}
    return JsonResponse(answer, status=409)


def warned_answer(request: HttpRequest, member: Membership, video: Video, findings: list[Finding]) -> HttpResponse:
    """422 with what the check found, by field; the same answers sent again with `warned` are taken."""
    warnings = sentences(findings)
    if wants_json(request):
        return JsonResponse({"warnings": warnings}, status=422)
    return incomplete_answer(request, member, video, warnings, warned=True)


def submitted_json(request: HttpRequest, rating: Rating, member: Membership) -> JsonResponse:
    """What was stored, and how far the rater is now. A log of these lines is what `verify_invariants` reads.

    `screening` is there where the model is revealed now: the video's part of the page, with its next draft.
    """
    answer: dict[str, Any] = {"rating": rating.pk, "submit_key": rating.submit_key, **_answers_of(rating)}
    answer |= vars(progress_of(member))
    draft = draft_of(member.user, rating.video) if rating.arm == Arm.REVEAL else None
    if draft is not None and draft.stage == Stage.REVEAL:
        answer["screening"] = screening_html(request, member, draft)
    return JsonResponse(answer)


def _answers_of(stored: Draft | Rating) -> dict[str, Any]:
    reasons = {f"{key}_reason": getattr(stored, f"{key}_reason") for key in DIMENSION_KEYS}
    return {**stored.scores, **reasons, "flagged": stored.flagged, "change_reason": stored.change_reason}


def _screen(member: Membership, draft: Draft, said: Said | None = None) -> dict[str, Any]:
    return {"project": member.project, "screening": screening_of(member.project, draft.video, draft, said)}


def _context(member: Membership, draft: Draft | None, said: Said | None = None) -> dict[str, Any]:
    progress = progress_of(member)
    total = progress.done + videos_ahead(member.project, member.user)
    context: dict[str, Any] = {
        "member": member,
        "project": member.project,
        "role": member.role,
        "progress": progress,
        "total": total,
        "screening": None,
    }
    if draft is not None:
        return context | _screen(member, draft, said)
    videos = member.project.videos
    waiting = videos.filter(media_state=MediaState.WAITING).count()
    return context | {"waiting": waiting, "empty": not videos.exists(), "capped": is_capped(member)}
