"""The review queue and the page of a case, for reviewers and leads."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import STAFF, membership_for
from annotation.models import CaseReason, Membership, Purpose, Rating, ReturnReason, Review, Video
from annotation.projects.video_page import videos_with_opinions
from annotation.review import decide
from annotation.review.case_page import CasePage, case_page
from annotation.review.find_cases import (
    MOST_OUT,
    counts_for,
    lines_of,
    next_case,
    offered_to,
    out_with_raters,
    with_scores,
)
from annotation.review.forms import AcceptForm, FixForm, QueueForm, ReturnForm, SeenForm
from annotation.review.in_hand import in_hand_page, is_in_hand
from annotation.review.own_work import may_decide
from annotation.scale import DIMENSIONS

PAGE = 30


@login_required
@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    member = membership_for(request.user, slug, *STAFF)
    reason = QueueForm(request.GET).wanted()
    cases = with_scores(offered_to(member, reason), member.project.suggester_id)
    page = Paginator(cases, PAGE).get_page(request.GET.get("page"))
    out = out_with_raters(member)
    context = _frame(member) | {
        "counts": counts_for(member),
        "reason": reason,
        "reason_words": CaseReason(reason).label if reason else "",
        "dimensions": DIMENSIONS,
        "page": page,
        "lines": lines_of(page),
        "out": out[:MOST_OUT],
        "n_out": out.count(),
    }
    return render(request, "annotation/review.html", context)


@login_required
@require_safe
def case(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """One video with all that was said about it, and what may be decided."""
    member = membership_for(request.user, slug, *STAFF)
    return _case_answer(request, member, public_id)


@login_required
@require_POST
def case_accept(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    def act(video: Video, member: Membership, form: AcceptForm) -> Review:
        return decide.accept(video, member, form.page(), words=form.cleaned_data["words"])

    return _decided(request, slug, public_id, "accept", lambda video: AcceptForm(request.POST), act)


@login_required
@require_POST
def case_return(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    def form(video: Video) -> ReturnForm:
        live = Rating.objects.live().filter(video=video, purpose=Purpose.MAIN).select_related("rater")
        return ReturnForm(request.POST, live=live)

    def act(video: Video, member: Membership, form: ReturnForm) -> Review:
        data = form.cleaned_data
        preset = ReturnReason(data["preset"])
        return decide.send_back(
            video, member, form.page(), rating=data["rating"], preset=preset, words=data["words"]
        )

    return _decided(request, slug, public_id, "return", form, act)


@login_required
@require_POST
def case_fix(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    def act(video: Video, member: Membership, form: FixForm) -> Review:
        words = form.cleaned_data["words"]
        return decide.fix(video, member, form.page(), scores=form.scores(), words=words)

    return _decided(request, slug, public_id, "fix", lambda video: FixForm(request.POST), act)


def _decided(
    request: HttpRequest,
    slug: str,
    public_id: UUID,
    action: str,
    form_of: Callable[[Video], Any],
    act: Callable[[Video, Membership, Any], Review],
) -> HttpResponse:
    """Decide, then on to the next case. What cannot be decided comes back with the reviewer's words kept:
    422 for a form that lacks something, 409 for a page that shows what is past, 403 for work of one's own."""
    member = membership_for(request.user, slug, *STAFF)
    videos = member.project.videos.select_related("review_case")  # as it was, to find the one behind it
    video = get_object_or_404(videos, public_id=public_id)
    form: SeenForm = form_of(video)
    answer = {"action": action, "form": form, "sent": request.POST}
    if not may_decide(member, video):
        return _case_answer(request, member, public_id, 403, refusal=decide.OWN_WORK, **answer)
    if "rating" in form.errors and request.POST.get("rating"):  # it is not live any more
        return _case_answer(request, member, public_id, 409, refusal=decide.RATED_MEANWHILE, **answer)
    if not form.is_valid():
        return _case_answer(request, member, public_id, 422, **answer)
    try:
        review = act(video, member, form)
    except decide.Stale as stale:
        return _case_answer(request, member, public_id, 409, refusal=str(stale), **answer)
    except decide.Refused as refused:
        return _case_answer(request, member, public_id, 422, refusal=str(refused), **answer)
    return _onwards(request, member, review)


def _onwards(request: HttpRequest, member: Membership, review: Review) -> HttpResponse:
    """To the next case of the queue as it was filtered, or to the queue when that was the last one."""
    said = _("%(name)s: %(decision)s.") % {
        "name": review.video.name,
        "decision": review.get_decision_display().lower(),
    }
    messages.success(request, said)
    reason = QueueForm(request.POST).wanted()
    left = getattr(review.video, "review_case", None)
    following = next_case(member, left, reason)
    query = f"?reason={reason}" if reason else ""
    slug = member.project.slug
    if following is None:
        return redirect(reverse("review", args=[slug]))
    return redirect(reverse("review-case", args=[slug, following.video.public_id]) + query)


def _case_answer(
    request: HttpRequest, member: Membership, public_id: UUID, status: int = 200, **more: Any
) -> HttpResponse:
    video = get_object_or_404(videos_with_opinions(member.project), public_id=public_id)
    if is_in_hand(member, video):
        return in_hand_page(request, member, video, "review", status)
    page = case_page(video)
    reason = QueueForm(request.POST if request.method == "POST" else request.GET).wanted()
    context = _frame(member) | {
        "video": video,
        "case": getattr(video, "review_case", None),
        "case_page": page,
        "dimensions": DIMENSIONS,
        "presets": ReturnReason.choices,
        "returnable": _returnable(page),
        "reason": reason,
        "next": next_case(member, getattr(video, "review_case", None), reason),
        "may_decide": may_decide(member, video),
        "own": any(sheet.live.rating.rater_id == member.user_id for sheet in page.sheets),
    }
    return render(request, "annotation/review_case.html", context | more, status=status)


def _returnable(page: CasePage) -> list[Rating]:
    return [sheet.live.rating for sheet in page.sheets if not sheet.live.rating.imported]


def _frame(member: Membership) -> dict[str, Any]:
    return {"project": member.project, "role": member.role, "tab": "review"}
