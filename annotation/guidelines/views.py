"""The guidelines: the lead's page, and the part that the rating room shows to every member."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.access import membership_for
from annotation.fetch import for_scripts, session_required
from annotation.guidelines.examples import examples_of, move, put, remove
from annotation.guidelines.forms import ExampleForm, GuidelinesForm
from annotation.guidelines.render import render_markdown
from annotation.models import GuidelineExample, MediaState, Membership, Project, Role, Video
from annotation.projects.find_videos import find
from annotation.projects.set_up import change_guidelines

MOST_FOUND = 12
STEPS = {"up": -1, "down": 1}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def guidelines(request: HttpRequest, slug: str) -> HttpResponse:
    """Text and examples to edit. `?find=` looks for videos, `?video=` is the one to be made an example."""
    member = membership_for(request.user, slug, Role.LEAD)
    if request.method != "POST":
        return _page(request, member)
    form = GuidelinesForm(request.POST, instance=member.project)
    if not form.is_valid():
        return _page(request, member, text_form=form)
    change_guidelines(member.project, form.cleaned_data["guidelines"], by=member.user)
    messages.success(request, _("Saved."))
    return redirect("guidelines", slug)


@session_required
@for_scripts
@require_GET
def read(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What a rater reads: a part of the rating room, fetched when it is first opened."""
    project = membership_for(request.user, slug).project
    context = {
        "project": project,
        "text": render_markdown(project.guidelines),
        "examples": examples_of(project).filter(video__media_state=MediaState.READY),
    }
    return render(request, "annotation/guidelines/read.html", context)


@login_required
@require_POST
def example_add(request: HttpRequest, slug: str) -> HttpResponse:
    member = membership_for(request.user, slug, Role.LEAD)
    video = _video(member.project, request.POST.get("video", ""))
    form = ExampleForm(request.POST)
    if not form.is_valid():
        return _page(request, member, chosen=video, add_form=form)
    put(video, words=form.cleaned_data["words"], scores=form.scores())
    messages.success(request, _("The video is an example now, and has left the queue."))
    return redirect("guidelines", slug)


@login_required
@require_POST
def example_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    member = membership_for(request.user, slug, Role.LEAD)
    example = _example(member.project, pk)
    form = ExampleForm(request.POST, auto_id=f"example-{pk}-%s")
    if not form.is_valid():
        return _page(request, member, changed=(pk, form))
    put(example.video, words=form.cleaned_data["words"], scores=form.scores())
    messages.success(request, _("Saved."))
    return redirect("guidelines", slug)


@login_required
@require_POST
def example_move(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    member = membership_for(request.user, slug, Role.LEAD)
    move(_example(member.project, pk), STEPS.get(request.POST.get("to", ""), 0))
    return redirect("guidelines", slug)


@login_required
@require_POST
def example_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    member = membership_for(request.user, slug, Role.LEAD)
    remove(_example(member.project, pk))
    messages.success(request, _("The video is no example any more, and is back in the queue."))
    return redirect("guidelines", slug)


def _page(
    request: HttpRequest,
    member: Membership,
    *,
    text_form: GuidelinesForm | None = None,
    chosen: Video | None = None,
    add_form: ExampleForm | None = None,
    changed: tuple[int, ExampleForm] | None = None,
) -> HttpResponse:
    """The lead's page; a refused form stands in its place, with its errors."""
    refused = text_form or add_form or changed
    project = member.project if text_form is None else Project.objects.get(pk=member.project_id)
    if chosen is None and "video" in request.GET:
        chosen = _video(project, request.GET["video"])
    forms = dict([changed] if changed else [])
    examples = [
        (example, forms.get(example.pk) or ExampleForm(instance=example, auto_id=f"example-{example.pk}-%s"))
        for example in examples_of(project)
    ]
    words = request.GET.get("find", "").replace("\0", "").strip()
    context: dict[str, Any] = {
        "project": project,
        "role": member.role,
        "tab": "guidelines",
        "text": render_markdown(project.guidelines),
        "text_form": text_form or GuidelinesForm(instance=project),
        "examples": examples,
        "changed": changed[0] if changed else None,
        "words": words,
        "found": _candidates(project, words) if words else [],
        "chosen": chosen,
        "add_form": add_form or ExampleForm(),
    }
    return render(request, "annotation/guidelines/page.html", context, status=422 if refused else 200)


def _candidates(project: Project, words: str) -> list[Video]:
    found = find(project, text=words, state=MediaState.READY).filter(guideline_example=None)
    return list(found.select_related("prompt")[:MOST_FOUND])


def _video(project: Project, public_id: str) -> Video:
    """A video of the project that can be watched; 404 for any other, also for a bad id."""
    try:
        known = UUID(public_id)
    except ValueError:
        known = None
    return get_object_or_404(Video.objects.watchable().filter(project=project), public_id=known)


def _example(project: Project, pk: int) -> GuidelineExample:
    return get_object_or_404(
        GuidelineExample.objects.select_related("video__project", "project"), pk=pk, project=project
    )
