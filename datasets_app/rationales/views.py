"""The rationales of a project, for leads and reviewers: edit the model's text, accept, and the next one comes."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotation.access import STAFF, membership_for
from annotation.fetch import session_required, wants_json
from annotation.models import EditedRationale, Membership, Role, Suggestion, User
from annotation.projects.video_page import videos_with_opinions
from annotation.review.in_hand import has_in_hand, in_hand_page, is_in_hand
from annotation.scale import DIMENSIONS
from datasets_app.rationales import accept as accepting
from datasets_app.rationales.forms import AcceptForm
from datasets_app.rationales.runs import runs_of
from datasets_app.rationales.sheet import Origin, Sheet, named_origin, sheet_of, word_changes
from datasets_app.rationales.to_edit import Standing, editable, edited_by, is_waiting, next_for, progress_of

PAGE = 30


@login_required
@require_safe
def rationales(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, how far it is, and what reconciliation made of the scores."""
    member = membership_for(request.user, slug, *STAFF)
    standing = request.GET.get("standing", "")
    live = EditedRationale.objects.live().select_related("editor")
    rows = (
        editable(member.project)
        .filter(is_waiting(standing))
        .annotate(in_hand=has_in_hand(member, "pk"))
        .select_related("prompt", "t2v_model", "verdict")
        .prefetch_related(Prefetch("edited_rationales", queryset=live, to_attr="live_edits"))
    )
    progress = progress_of(member.project)
    context = _frame(member) | {
        "standing": standing if standing in Standing.values else "",
        "standings": [(one, getattr(progress, one.value)) for one in Standing],
        "progress": progress,
        "next": next_for(member),
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "dimensions": DIMENSIONS,
        "accepted": _accepted(request, member),
        "runs": runs_of(member.project),
    }
    return render(request, "datasets/rationales.html", context)


@never_cache  # going back must not show a text as it was
@login_required
@require_safe
def rationale(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """One video with a model's text in an editor; `text` in the address names another than the suggester's."""
    member = membership_for(request.user, slug, *STAFF)
    return _page(request, member, _sheet(member, public_id, request.GET.get("text", "")))


@session_required
@require_POST
def accept(request: HttpRequest, slug: str, public_id: UUID) -> HttpResponse:
    """Store the text, then on to the next video. Scripts get JSON, others the page again.

    422: something is to be mended (`problems`) or asked once (`doubts`). 409: the page shows what is past.
    """
    member = membership_for(request.user, slug, *STAFF)
    sheet = _sheet(member, public_id, request.POST.get("origin", ""))
    if is_in_hand(member, sheet.video):
        return _hands_off(request, member, sheet)
    form = AcceptForm(request.POST)
    origin = named_origin(sheet.video, request.POST.get("origin", ""))
    if not form.is_valid() or origin is None:
        said = [str(error) for errors in form.errors.values() for error in errors] or [_("Reload the page.")]
        return _refused(request, member, sheet, 422, problems=[{"line": 0, "message": one} for one in said])
    text, scores = form.cleaned_data["text"], accepting.in_order(form.cleaned_data["scores"])
    if problems := accepting.problems_of(text, scores):
        return _refused(request, member, sheet, 422, problems=[vars(problem) for problem in problems])
    doubts = accepting.doubts_about(text, sheet.model_text)
    if doubts and not form.cleaned_data["let_stand"]:
        return _refused(request, member, sheet, 422, doubts=doubts)
    try:
        edit = accepting.accept(sheet.video, _person(request), text, form.seen, **_as_origin(origin))
    except accepting.Stale as stale:
        sheet = _sheet(member, public_id, request.POST.get("origin", ""))
        return _refused(request, member, sheet, 409, stale=stale)
    return _onwards(request, member, edit)


@session_required
@require_POST
def take_back(request: HttpRequest, slug: str, public_id: UUID, pk: int) -> HttpResponse:
    """Undo the last accept; its text comes back to be edited further."""
    member = membership_for(request.user, slug, *STAFF)
    sheet = _sheet(member, public_id)
    if is_in_hand(member, sheet.video):
        return _hands_off(request, member, sheet)
    try:
        text = accepting.take_back(sheet.video, _person(request), pk)
    except accepting.Stale as stale:
        return _refused(request, member, sheet, 409, stale=stale)
    sheet = _sheet(member, public_id)
    if wants_json(request):
        url = reverse("rationale", args=[slug, public_id])
        return JsonResponse({"url": url, "text": text, "live": sheet.seen.live, "video": str(public_id)})
    return _page(request, member, sheet, sent=text)


def _onwards(request: HttpRequest, member: Membership, edit: EditedRationale) -> HttpResponse:
    following = next_for(member, edit.video)
    slug = member.project.slug
    there = ("rationale", [slug, following.public_id]) if following else ("rationales", [slug])
    url = f"{reverse(there[0], args=there[1])}?accepted={edit.pk}"
    return JsonResponse({"url": url}) if wants_json(request) else redirect(url)


def _refused(
    request: HttpRequest,
    member: Membership,
    sheet: Sheet,
    status: int,
    *,
    stale: accepting.Stale | None = None,
    **why: Any,
) -> HttpResponse:
    """The text was not stored: why, and what is there now."""
    theirs = stale.theirs if stale else None
    if stale:
        why |= {"stale": str(stale), "live": sheet.seen.live}
    if wants_json(request):
        if theirs:
            why |= {"theirs": theirs.text, "editor": theirs.editor.username}
        return JsonResponse(why, status=status)
    sent = request.POST.get("text", "")
    return _page(request, member, sheet, status, sent=sent, theirs=theirs, **why)


def _hands_off(request: HttpRequest, member: Membership, sheet: Sheet) -> HttpResponse:
    """This person has begun to rate the video since they opened the page: nothing is stored, nothing shown."""
    if wants_json(request):
        return JsonResponse(
            {"stale": _("You are rating this video."), "live": request.POST.get("live")}, status=409
        )
    return _page(request, member, sheet, 409)


def _page(request: HttpRequest, member: Membership, sheet: Sheet, status: int = 200, **more: Any) -> HttpResponse:
    if is_in_hand(member, sheet.video):
        return in_hand_page(request, member, sheet.video, str(_frame(member)["tab"]), status)
    sent = more.get("sent")
    context = _frame(member) | {
        "sheet": sheet,
        "video": sheet.video,
        "progress": progress_of(member.project),
        "next": next_for(member, sheet.video),
        "accepted": _accepted(request, member),
        "changes": word_changes(sheet.model_text, sheet.text if sent is None else sent),
    }
    return render(request, "datasets/rationale.html", context | more, status=status)


def _sheet(member: Membership, public_id: UUID, wanted: str = "") -> Sheet:
    video = get_object_or_404(videos_with_opinions(member.project), public_id=public_id)
    sheet = sheet_of(video, wanted)
    if sheet is None:
        raise Http404
    return sheet


def _accepted(request: HttpRequest, member: Membership) -> EditedRationale | None:
    """What this person accepted just before, so that they can take it back."""
    pk = request.GET.get("accepted", "")
    return edited_by(_person(request), member.project, int(pk)) if pk.isdecimal() and len(pk) < 19 else None


def _as_origin(origin: Origin) -> dict[str, Any]:
    is_suggestion = isinstance(origin, Suggestion)
    return {"suggestion": origin if is_suggestion else None, "rating": None if is_suggestion else origin}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the decorators see to it
    return request.user


def _frame(member: Membership) -> dict[str, Any]:
    tab = "releases" if member.role == Role.LEAD else "rationales"
    return {"project": member.project, "role": member.role, "tab": tab}
