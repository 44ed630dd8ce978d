"""What a rater does next: work that came back first, then what they hold, then a new video."""

from annotation.models import Draft, MediaState, Membership, Stage, Video
from annotation.prepared import NOTHING, Prepared
from annotation.room.allowance import taken_today
from annotation.room.drafts import draft_of
from annotation.room.queue import take_next


def next_draft(member: Membership, after: Video | None = None) -> Draft | None:
    """The draft to put on this rater's screen; None when there is nothing for them now.

    First what a reviewer returned, oldest first, then a revealed suggestion that they left unanswered, then the
    queue. `after` is the video on the screen: it is not given again. A paused rater gets nothing; one at the
    daily cap gets no new videos.
    """
    if member.paused:
        return None
    draft = _came_back(member, after)
    if draft is not None:
        return draft
    return take_next(member.project, member.user, after)


def is_capped(member: Membership) -> bool:
    """Whether what this rater submitted today and holds now reaches their daily cap."""
    return member.daily_cap is not None and taken_today(member.project, member.user) >= member.daily_cap


def _came_back(member: Membership, after: Video | None) -> Draft | None:
    found = _drafts_that_came_back(member.project_id, member.user_id, after.pk if after else NOTHING)
    return draft_of(member.user, found[0][0]) if found else None


_drafts_that_came_back = Prepared(
    lambda project_pk, rater_pk, except_pk: (
        Draft.objects.filter(
            rater=rater_pk,
            video__project=project_pk,
            video__media_state=MediaState.READY,
            stage__in=[Stage.RETURN, Stage.REVEAL],
        )
        .exclude(video=except_pk)
        .order_by("stage", "returned_id", "pk")  # "return" < "reveal"
        .values_list("video")[:1]
    )
)
