"""Whoever is rating a video sees nothing of what others or a model say about it, lead or reviewer though they be.

What they rate next would otherwise count as said without having seen the model.
"""

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotation.models import Draft, Membership, Video


def has_in_hand(member: Membership, video: str) -> Exists:
    """Whether this member has a rating begun of the video that `video` leads to."""
    return Exists(Draft.objects.filter(video=OuterRef(video), rater=member.user_id))


def is_in_hand(member: Membership, video: Video) -> bool:
    """The same of one video."""
    return Draft.objects.filter(video=video, rater=member.user_id).exists()


def videos_in_hand(member: Membership) -> list[int]:
    """Primary keys of the project's videos that this member has a rating begun of: one or few."""
    drafts = Draft.objects.filter(video__project=member.project_id, rater=member.user_id)
    return list(drafts.values_list("video_id", flat=True))


def in_hand_page(
    request: HttpRequest, member: Membership, video: Video, tab: str, status: int = 200
) -> HttpResponse:
    """What stands in the place of a page about the video."""
    context = {"project": member.project, "role": member.role, "tab": tab, "video": video}
    return render(request, "annotation/video_in_hand.html", context, status=status)
