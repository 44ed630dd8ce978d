"""The videos of a project, and one video with all that was said about it."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotation.access import STAFF, membership_for
from annotation.models import Draft, Rating, Role, Suggestion
from annotation.projects.find_videos import find
from annotation.projects.forms import VideoFilterForm
from annotation.projects.seats_held import may_be_given, seat_lines
from annotation.projects.video_page import (
    for_training,
    histories,
    scorer_opinions,
    verdict_lines,
    videos_with_opinions,
)
from annotation.review.in_hand import in_hand_page, is_in_hand

PAGE = 30


@login_required
@require_safe
def videos(request: HttpRequest, slug: str) -> HttpResponse:
    membership = membership_for(request.user, slug, *STAFF)
    project = membership.project
    form = VideoFilterForm(request.GET, project=project)
    wanted = form.wanted()
    said = Suggestion.objects.filter(scorer_version=project.suggester_id, sample=0)
    rows = (
        find(project, **wanted)
        .select_related("prompt", "t2v_model", "verdict")
        .prefetch_related(
            Prefetch("suggestions", queryset=said, to_attr="said"),
            Prefetch("drafts", queryset=Draft.objects.filter(rater=membership.user_id), to_attr="in_hand"),
            Prefetch("ratings", queryset=Rating.objects.counted().only("video"), to_attr="counted"),
        )
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "project": project,
        "role": membership.role,
        "tab": "videos",
        "form": form,
        "filtered": bool(wanted),
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "query": query.urlencode(),
    }
    return render(request, "annotation/videos.html", context)


@login_required
@require_safe
def video(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Everything about one video; for leads and reviewers, since it shows every rater's work and the model's."""
    membership = membership_for(request.user, slug, *STAFF)
    project = membership.project
    found = get_object_or_404(videos_with_opinions(project), public_id=public_id)
    if is_in_hand(membership, found):
        return in_hand_page(request, membership, found, "videos")
    says = scorer_opinions(found)
    seats = seat_lines(found)
    hands_over = membership.role == Role.LEAD and any(not line.filled for line in seats)
    context = {
        "project": project,
        "role": membership.role,
        "tab": "videos",
        "video": found,
        "settled": verdict_lines(found),
        "current": [one for one in says if not one.superseded],
        "superseded": [one for one in says if one.superseded],
        "histories": histories(found),
        "seats": seats,
        "hands_over": hands_over,
        "people": may_be_given(project) if hands_over else [],
    }
    return render(request, "annotation/video.html", context | for_training(found))
