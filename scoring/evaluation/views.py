"""The pages of evaluation: figures of scorer versions, their intervals, and the worst disagreements. For leads."""

import numpy as np
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from annotation.access import membership_for
from annotation.models import Project, Role, ScorerVersion, User
from annotation.projects import charts
from annotation.review.in_hand import videos_in_hand
from annotation.scale import DIMENSIONS
from scoring.evaluation.figures import figures_context, intervals_context
from scoring.evaluation.forms import EvaluationForm, Wish, WorstForm
from scoring.evaluation.keep import come_at_once, loaded
from scoring.evaluation.learned import seen_by_each, without
from scoring.evaluation.load import Loaded
from scoring.evaluation.models import Evaluation
from scoring.evaluation.plots import confusion_plot, reliability_plot
from scoring.evaluation.run import ask_for_evaluation
from scoring.evaluation.worst import lines, worst_first

PAGE = 24


@never_cache  # going back must not show a computation as it was
@login_required
@require_safe
def evaluation(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page. What is compared stands in the address; `now` waits for the figures of a large project."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project = membership.project
    form = EvaluationForm(request.GET, project=project)
    wish = form.wanted()
    context = {"project": project, "role": membership.role, "tab": "evaluation", "form": form, "wish": wish}
    if wish.version:
        ready = "now" in request.GET or come_at_once(project, wish.versions, wish.ratings)
        context["ready"] = ready
        context |= figures_context(project, wish) if ready else {}
    return render(request, "scoring/evaluation.html", context)


@never_cache
@login_required
@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """The part with the figures, for a page that came without them."""
    project, wish = _wish(request, slug)
    return render(request, "scoring/evaluation_figures.html", figures_context(project, wish))


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a worker compute the intervals of what is shown."""
    project = membership_for(request.user, slug, Role.LEAD).project
    wish = EvaluationForm(request.POST, project=project).wanted()
    if wish.version is None:
        messages.error(request, _("No scorer has answered in this project yet."))
        return redirect("project-evaluation", slug)
    asked_by = request.user if isinstance(request.user, User) else None
    ask_for_evaluation(project, wish.version, wish.against, wish.ratings, asked_by, held_out=wish.held_out)
    return redirect(f"{reverse('project-evaluation', args=[slug])}?{wish.query}#intervals")


@never_cache
@login_required
@require_safe
def progress(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """How far the intervals are; it asks for itself again, and at the end for the figures."""
    project = membership_for(request.user, slug, Role.LEAD).project
    found = get_object_or_404(
        Evaluation.objects.select_related("scorer_version__scorer", "other_version__scorer"),
        project=project,
        pk=pk,
    )
    context = intervals_context(project, found) | {"project": project, "arrived": not found.is_open}
    return render(request, "scoring/evaluation_intervals.html", context)


@login_required
@require_safe
@cache_control(private=True, max_age=0, no_cache=True)
def chart(request: HttpRequest, slug: str, version_id: int, size: str, name: str) -> HttpResponse:
    """A picture of one version: `reliability` or `confusion`, in one of the chart widths."""
    project = membership_for(request.user, slug, Role.LEAD).project
    form = EvaluationForm(request.GET, project=project)
    version, width = form.versions.get(str(version_id)), charts.WIDTHS.get(size)
    if version is None or width is None or name not in ("reliability", "confusion"):
        raise Http404
    rows = _loaded(project, version, form.wanted()).rows
    if name == "reliability":
        picture = reliability_plot(rows, width, sure=_("confidence, %"), right=_("right, %"))
    else:
        picture = confusion_plot(rows, width, scorer=_("scorer"), people=_("people"))
    policy = f"default-src 'none'; style-src {charts.STYLE_SOURCE}"
    return HttpResponse(picture, content_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@login_required
@require_safe
def worst(request: HttpRequest, slug: str) -> HttpResponse:
    """Videos on which people and the scorer lie furthest apart, to be opened and watched."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project = membership.project
    form = WorstForm(request.GET, project=project)
    wish = form.wanted()
    context = {"project": project, "role": membership.role, "tab": "evaluation", "form": form, "wish": wish}
    if wish.version:
        found = without(_loaded(project, wish.version, wish), [np.array(videos_in_hand(membership), np.int64)])
        order = worst_first(found, wish.dimension, wish.t2v_model.name if wish.t2v_model else None)
        page = Paginator(order.tolist(), PAGE).get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        compared = len(found.videos)
        context |= {"page": page, "lines": lines(project, found, list(page)), "compared": compared}
        context |= {"query": query.urlencode(), "dimensions": DIMENSIONS}
    return render(request, "scoring/evaluation_worst.html", context)


def _loaded(project: Project, version: ScorerVersion, wish: Wish) -> Loaded:
    """One version's answers to the videos that are asked for."""
    gone = seen_by_each(project, wish.versions) if wish.held_out else []
    return without(loaded(project, [version], wish.ratings)[0], gone)


def _wish(request: HttpRequest, slug: str) -> tuple[Project, Wish]:
    """The lead's project and what is asked for; 404 where no scorer answered."""
    project = membership_for(request.user, slug, Role.LEAD).project
    wish = EvaluationForm(request.GET, project=project).wanted()
    if wish.version is None:
        raise Http404
    return project, wish
