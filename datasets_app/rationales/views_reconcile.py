"""Starting a reconciliation from the page: here and now where it is short, by a worker where it is long."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.access import membership_for
from annotation.models import Role, Verdict
from datasets_app.rationales.by_worker import want
from datasets_app.rationales.reconcile import Tally, reconcile
from datasets_app.rationales.runs import versions_in

MOST_AT_ONCE = 3_000  # settled videos; more take a worker longer than a page should wait


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Apply the rule with a version of the list. Starting it twice does no harm."""
    lead = membership_for(request.user, slug, Role.LEAD)
    project = lead.project
    version = next((one for one in versions_in(project) if str(one.pk) == request.POST.get("version")), None)
    if version is None:
        messages.error(request, _("That version has no suggestions in this project."))
    elif Verdict.objects.filter(video__project=project).count() > MOST_AT_ONCE:
        want(project, version, lead.user)
        messages.success(request, _("A worker does it now. Its numbers stand here in a minute; reload the page."))
    else:
        messages.success(request, told(reconcile(project, version, by=lead.user)))
    return redirect(reverse("rationales", args=[slug]) + "#reconcile")


def told(tally: Tally) -> str:
    """What a run found, in a sentence."""
    return _(
        "Kept %(kept)d, averaged %(averaged)d, sent back %(sent_back)d, discarded %(discarded)d; "
        "%(without)d without a suggestion; %(asked)d further answers asked for."
    ) % {
        **{name: tally.outcomes[name] for name in ("kept", "averaged", "sent_back", "discarded")},
        "without": tally.without,
        "asked": tally.asked,
    }
