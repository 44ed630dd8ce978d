"""The best-of-N page: the videos of one prompt side by side in a scorer's order, and how good its picks are."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.access import membership_for
from annotation.models import Role
from annotation.scale import DIMENSIONS
from scoring.best_of.forms import BestOfForm
from scoring.best_of.gallery import gallery, prompts_in_hand, wanted_prompts
from scoring.best_of.picks import picks

PAGE = 5  # prompts


@login_required
@require_safe
def best_of(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that is chosen stands in the address."""
    membership = membership_for(request.user, slug, Role.LEAD)
    project = membership.project
    form = BestOfForm(request.GET, project=project)
    wish = form.wanted()
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "project": project,
        "role": membership.role,
        "tab": "evaluation",
        "form": form,
        "version": wish.version,
        "filtered": bool(wish.text or wish.show),
        "query": query.urlencode(),
    }
    if wish.version:
        found = picks(project, wish.version, wish.weights)
        hidden = prompts_in_hand(membership, found)
        wanted = wanted_prompts(project, found, wish.text, wish.show, hidden)
        page = Paginator(wanted, PAGE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "groups": gallery(found, list(page.object_list)),
            "prompts": len(found.prompts),
            "hidden": len(hidden),
            "left_out": found.left_out,
            "not_compared": [one for one, counts in zip(DIMENSIONS, found.compared, strict=True) if not counts],
            "figures": found.figures(project.seed),
        }
    return render(request, "scoring/best_of.html", context)
