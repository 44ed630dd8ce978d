"""The releases page of a project, for its leads: choose, count, build, watch; bring annotations in."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.access import membership_for
from annotation.doorbell import ring
from annotation.models import Membership, Project, Role, User, Verdict
from annotation.projects import charts
from datasets_app.models import Release
from datasets_app.opinions.import_annotations import import_annotations
from datasets_app.opinions.import_rater import NoSuchRater, find_rater
from datasets_app.opinions.read_annotations import UnreadableFileError, read_annotations
from datasets_app.releases.build_release import ask_for_release
from datasets_app.releases.choices import FIELDS
from datasets_app.releases.command_line import command_line
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.forms import AnnotationsForm, ReleaseForm
from datasets_app.releases.holds import holds, read_shares
from datasets_app.tasks import build_release_task

SHOWN_REFUSALS = 100


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page. `?again=3` fills the form as for release 3; a POST with `preview` only counts."""
    membership = membership_for(request.user, slug, Role.LEAD)
    if request.method != "POST":
        return _page(request, membership, form=_fresh_form(request, membership.project))
    form = ReleaseForm(membership.project, request.POST)
    if not form.is_valid():
        return _page(request, membership, form=form, status=422)
    if "preview" in request.POST:
        return _page(request, membership, form=form)
    with transaction.atomic():
        asked_by = request.user if isinstance(request.user, User) else None
        release, new = ask_for_release(membership.project, form.options, asked_by)
        ring(build_release_task, release.pk)
    if not new:
        messages.info(request, _("Release %d is being built just so already.") % release.number)
    here = reverse("project-releases", args=[slug])
    # The form stays as it was sent: one more build has the same options.
    return redirect(f"{here}?again={release.number}#release-{release.number}")


@login_required
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the form as it stands would give: the part beside it, and the command."""
    project = membership_for(request.user, slug, Role.LEAD).project
    context = _chosen(project, ReleaseForm(project, request.POST), count=True)
    return render(request, "datasets/release_preview.html", context | {"project": project})


@login_required
@require_POST
def offered(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """A check list of the form, narrowed by part of a name."""
    project = membership_for(request.user, slug, Role.LEAD).project
    if kind not in FIELDS:
        raise Http404
    return render(
        request, "datasets/release_choices.html", {"list": ReleaseForm(project, request.POST).offered(kind)}
    )


@login_required
@require_safe
@cache_control(private=True, max_age=3600)
def shares(request: HttpRequest, slug: str, size: str, counts: str) -> HttpResponse:
    """A chart of the score counts in the address."""
    membership_for(request.user, slug, Role.LEAD)
    try:
        picture = charts.bar_charts(read_shares(counts), charts.WIDTHS[size])
    except (KeyError, ValueError):
        raise Http404 from None
    policy = f"default-src 'none'; style-src {charts.STYLE_SOURCE}"
    return HttpResponse(picture, content_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@login_required
@require_POST
def annotations(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring annotations in from an uploaded file; what is refused is listed, the rest lands."""
    membership = membership_for(request.user, slug, Role.LEAD)
    form = AnnotationsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, membership, annotations_form=form, status=422)
    try:
        rows = read_annotations(form.cleaned_data["file"])
        rater = find_rater(membership.project, form.cleaned_data["rater"])
        outcome = import_annotations(membership.project, rows, rater=rater)
    except NoSuchRater as error:
        form.add_error("rater", str(error))
    except UnreadableFileError as error:
        form.add_error("file", str(error))
    else:
        status = 422 if outcome.refused else 200
        shown = outcome.refused[:SHOWN_REFUSALS]
        return _page(request, membership, status=status, outcome=outcome, refused=shown)
    return _page(request, membership, annotations_form=form, status=422)


def _fresh_form(request: HttpRequest, project: Project) -> ReleaseForm:
    again = request.GET.get("again", "")
    if not again.isdecimal() or len(again) > 9:
        return ReleaseForm(project)
    release = get_object_or_404(Release, project=project, number=int(again))
    return ReleaseForm(project, like=Options(**release.settings))


def _chosen(project: Project, form: ReleaseForm, *, count: bool) -> dict[str, Any]:
    """The form, its command or why it makes no sense, and with `count` (seconds) what it would give."""
    options = form.asked
    if options is None:
        problems = [
            (form[name].label if name in form.fields else "", errors) for name, errors in form.errors.items()
        ]
        return {"form": form, "problems": problems}
    chosen = {"form": form, "command": command_line(project, options)}
    try:
        return chosen | ({"holds": holds(project, options)} if count else {})
    except ExportError as error:
        return chosen | {"problems": [("", [str(error)])]}


def _page(
    request: HttpRequest,
    membership: Membership,
    *,
    form: ReleaseForm | None = None,
    annotations_form: AnnotationsForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    project = membership.project
    context = {
        "project": project,
        "role": membership.role,
        "tab": "releases",
        "annotations_form": annotations_form or AnnotationsForm(auto_id="annotations_%s"),
        "releases": Release.objects.standing().filter(project=project).select_related("created_by"),
    }
    if Verdict.objects.filter(video__project=project).exists():
        context |= _chosen(project, form or ReleaseForm(project), count="preview" in request.POST)
    return render(request, "datasets/releases.html", context | more, status=status)
