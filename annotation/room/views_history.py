"""A rater's own ratings, and the way back into one of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from annotation.access import membership_for
from annotation.models import Rating
from annotation.room.history import Closed, page_of, ratings_of, reopen


class HistoryForm(forms.Form):
    """The filters of the list: nothing but these reaches a query."""

    words = forms.CharField(required=False, max_length=200, label=_("Words of the prompt or of your reasons"))
    today = forms.BooleanField(required=False, label=_("Today"))
    waiting = forms.BooleanField(required=False, label=_("Waits for you"))

    def wanted(self) -> dict[str, Any]:
        """Keyword arguments of `ratings_of`."""
        self.is_valid()
        return {key: value for key, value in self.cleaned_data.items() if value}


@login_required
@require_safe
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """The list, newest first; `?before=` is the key that the page before ended with."""
    member = membership_for(request.user, slug)
    form = HistoryForm(request.GET)
    wanted = form.wanted()
    before = request.GET.get("before", "")
    last = int(before) if before.isdecimal() and len(before) < 19 else None
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "project": member.project,
        "role": member.role,
        "form": form,
        "filtered": bool(wanted),
        "page": page_of(member, ratings_of(member, **wanted), last),
        "later": last is not None,
        "waits": 0 if wanted else ratings_of(member, waiting=True).count(),
        "query": query.urlencode(),
    }
    return render(request, "annotation/history.html", context)


@login_required
@require_POST
def mine_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Open a rating in the room with its answers filled in."""
    member = membership_for(request.user, slug)
    ratings = Rating.objects.select_related("video", "rater")
    rating = get_object_or_404(ratings, pk=pk, rater=member.user_id, video__project=member.project_id)
    try:
        reopen(rating)
    except Closed as closed:
        messages.error(request, str(closed))
        return redirect("rate-mine", slug)
    except Rating.DoesNotExist:  # its video was taken down meanwhile
        raise Http404 from None
    return redirect(f"{reverse('rate', args=[slug])}?video={rating.video.public_id}")
