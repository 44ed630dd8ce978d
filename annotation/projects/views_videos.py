"""The videos of a project, and one video with all that was said about it."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotation.access import STAFF, membership_for
from annotation.models import Rating, Suggestion
from annotation.projects.find_videos import find
from annotation.projects.forms import VideoFilterForm
from annotation.projects.video_page import histories, scorer_opinions, verdict_lines

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
    videos = project.videos.select_related("prompt", "t2v_model", "verdict")
    suggestions = Suggestion.objects.select_related("scorer_version__scorer").prefetch_related("distributions")
    ratings = Rating.objects.select_related("rater").order_by("rater__username", "purpose", "-version")
    found = get_object_or_404(
        videos.prefetch_related(
            Prefetch("suggestions", queryset=suggestions),
            Prefetch("ratings", queryset=ratings),
            "skips__rater",
        ),
        public_id=public_id,
    )
    says = scorer_opinions(found)
    context = {
        "project": project,
        "role": membership.role,
        "tab": "videos",
        "video": found,
        "settled": verdict_lines(found),
        "current": [one for one in says if not one.superseded],
        "superseded": [one for one in says if one.superseded],
        "histories": histories(found),
    }
    return render(request, "annotation/video.html", context)
