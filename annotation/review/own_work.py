"""Who may decide about a video: whoever did not rate it; a lead also where nobody else is left."""

from django.db.models import Exists, OuterRef, Q

from annotation.access import STAFF
from annotation.models import Membership, Purpose, Rating, Role, Video
from annotation.models.rating import RatingQuerySet
from annotation.review.in_hand import has_in_hand


def may_decide(member: Membership, video: Video) -> bool:
    """Whether this member may decide about the video."""
    return Video.objects.filter(decidable_by(member, video="pk"), pk=video.pk).exists()


def has_rated(member: Membership, video: str) -> Exists:
    """Whether this member has a live rating of the video that `video` leads to."""
    return Exists(_rated().filter(video=OuterRef(video), rater=member.user_id))


def decidable_by(member: Membership, *, video: str) -> Q:
    """Rows of whose video (`video` leads to it) this member did not rate, nor is rating.

    A team may be so small that everybody rates everything. So a lead may also decide about a video that each other
    reviewer and lead of the project rated as well; the decision names them, and so does the rating.
    """
    free = Q(~has_rated(member, video), ~has_in_hand(member, video))
    if member.role != Role.LEAD:
        return free
    rated_by_them = _rated().filter(video=OuterRef(OuterRef(video)), rater=OuterRef("user"))
    others = Membership.objects.filter(project=member.project_id, role__in=STAFF).exclude(user=member.user_id)
    nobody_else = Q(~Exists(others.filter(~Exists(rated_by_them))))
    return (free | nobody_else) & ~Q(has_in_hand(member, video))


def _rated() -> RatingQuerySet:
    return Rating.objects.live().filter(purpose=Purpose.MAIN)
