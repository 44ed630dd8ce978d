"""Drafts: a rater's unfinished work, saved as it is typed, and the record of what the model showed them."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.access import STAFF
from annotation.models import Arm, Draft, Membership, Project, Rating, Stage, Suggestion, User, Video
from annotation.models.suggestion import SuggestionStatus
from annotation.prepared import PreparedModels, PreparedWrite, changing
from annotation.room.forms import NOT_SAID, Answers, Played
from annotation.scale import DIMENSION_KEYS

EDITED_ELSEWHERE = _("This video was edited in another tab.")
ENDED = _("This video was submitted or skipped in another tab.")


class Conflict(Exception):
    """The answers were written on another revision. `stored` is the server's copy, where there is one."""

    def __init__(self, message: str | Promise, stored: Draft | Rating | None) -> None:
        super().__init__(message)
        self.stored = stored


def save_draft(
    *,
    video: Video,
    rater: User,
    answers: Answers,
    revision: int,
    submit_key: UUID | None = None,
    played: Played = NOT_SAID,
) -> Draft:
    """Store the answers if they were written on the stored revision; the draft as it is now.

    `submit_key` tells the draft from a later one of the same video, which counts its revisions from 0 again.
    Raises `Conflict` with the stored copy otherwise. A repeat of what is stored already is no conflict.
    """
    drafts = Draft.objects.filter(video=video, rater=rater)
    same = {} if submit_key is None else {"submit_key": submit_key}
    saved = drafts.filter(revision=revision, **same).update(
        revision=F("revision") + 1, saved_at=Now(), **answers.columns, **_no_less(played)
    )
    stored = drafts.first()
    if stored is None:
        raise Conflict(ENDED, Rating.objects.live().filter(video=video, rater=rater).first())
    if not saved and not answers.equal(stored):
        raise Conflict(EDITED_ELSEWHERE, stored)
    return stored


def record_playback(draft: Draft, played: Played) -> None:
    """Keep what the browser says was played of the video."""
    if more := _no_less(played):
        Draft.objects.filter(pk=draft.pk).update(**more)


def _no_less(played: Played) -> dict[str, Any]:
    """Columns to store; what a tab counted never lowers what another one counted before."""
    counted = {name: number for name, number in vars(played).items() if number is not None}
    return {name: Greatest(Coalesce(F(name), number), number) for name, number in counted.items()}


def send_suggestion(project: Project, draft: Draft) -> None:
    """Fix in the stored draft what of the suggestion is sent to the rater now: before its video is rendered."""
    if fill_in_suggestion(project, draft):
        Draft.objects.filter(pk=draft.pk, opened_at=None).update(**columns_of(draft.suggestion))


def fill_in_suggestion(project: Project, draft: Draft) -> bool:
    """Set what of the suggestion may be sent; whether that is news. Stores nothing.

    Only the arm `prefill` gets anything before deciding. Once the video was on the screen nothing is added: a
    suggestion that comes late stays away, and the rating says so by what it stored.
    """
    if draft.arm != Arm.PREFILL or draft.stage != Stage.FIRST or draft.opened_at is not None:
        return False
    suggestion = suggestion_for(project, draft.video_id)
    sent = columns_of(suggestion)
    if all(getattr(draft, column) == value for column, value in sent.items()):
        return False
    for column, value in sent.items():
        setattr(draft, column, value)
    draft.suggestion = suggestion
    return True


def suggestion_for(project: Project, video_pk: int) -> Suggestion | None:
    """What the project's suggester said of the video, where it can be read."""
    return _read_suggestion.first(video_pk, project.suggester_id) if project.suggester_id else None


_read_suggestion = PreparedModels(
    lambda video_pk, version_pk: (
        Suggestion.objects.exclude(status=SuggestionStatus.UNREADABLE)
        .filter(video=video_pk, scorer_version=version_pk, sample=0)
        .select_related("scorer_version")
    )
)


def columns_of(suggestion: Suggestion | None) -> dict[str, Any]:
    """What a draft or a rating stores of the suggestion that its rater is shown."""
    scores = suggestion.scores if suggestion else dict.fromkeys(DIMENSION_KEYS)
    shown_pk = suggestion.pk if suggestion else None
    return {"suggestion_id": shown_pk, **{f"{key}_shown": score for key, score in scores.items()}}


def mark_open(draft: Draft) -> None:
    """The video is on the rater's screen now; only the first time counts."""
    if draft.opened_at is None:
        (_open_with_suggestion if draft.suggestion_id else _open_without)(draft.pk)


_open_with_suggestion = PreparedWrite(
    lambda pk: changing(
        Draft.objects.filter(pk=pk, opened_at=None), opened_at=Now(), shown_at=Coalesce(F("shown_at"), Now())
    )
)
_open_without = PreparedWrite(
    lambda pk: changing(Draft.objects.filter(pk=pk, opened_at=None), opened_at=Now(), shown_at=None)
)


def draft_of(rater: User, video: Video | int) -> Draft | None:
    """The rater's draft on this video, its video and suggestion loaded."""
    return _read_draft_and_more.first(rater.pk, video if isinstance(video, int) else video.pk)


_read_draft_and_more = PreparedModels(
    lambda rater_pk, video_pk: Draft.objects.filter(rater=rater_pk, video=video_pk).select_related(
        "suggestion__scorer_version", "video__prompt"
    )
)


def plain_draft(rater: User, video: Video) -> Draft | None:
    """The rater's draft on this video with nothing else loaded."""
    draft = _read_draft.first(rater.pk, video.pk)
    if draft:
        draft.video = video
    return draft


_read_draft = PreparedModels(lambda rater_pk, video_pk: Draft.objects.filter(rater=rater_pk, video=video_pk))


def draft_at(member: Membership, public_id: UUID) -> Draft | None:
    """The member's draft on the video of this address, loaded with its prompt and project, and the suggestion."""
    draft = _read_draft_at.first(member.user_id, member.project_id, public_id)
    if draft:
        draft.video.project = member.project
    return draft


_read_draft_at = PreparedModels(
    lambda rater_pk, project_pk, public_id: Draft.objects.select_related("video__prompt", "suggestion").filter(
        rater=rater_pk, video__project=project_pk, video__public_id=public_id
    )
)


def is_answered(draft: Draft, answers: Answers, revision: int, submit_key: UUID) -> bool:
    """Whether submit would take these answers to the draft as they are."""
    return draft.submit_key == submit_key and (draft.revision == revision or answers.equal(draft))


def leave_as_it_is(video: Video, rater: User) -> None:
    """Drop the rater's unfinished edit; the rating that it began with stays. Repeated, it finds nothing to do."""
    Draft.objects.filter(video=video, rater=rater, stage=Stage.EDIT).delete()


def suggestions_shown_to(user: User | AnonymousUser) -> QuerySet[Suggestion]:
    """What this person may see: leads and reviewers every suggestion, raters those sent with their drafts."""
    member = Membership.objects.filter(project=OuterRef("video__project"), user=user.pk)
    may_show = Q(arm=Arm.PREFILL) | (Q(arm=Arm.REVEAL) & ~Q(stage=Stage.FIRST))
    sent = Draft.objects.filter(may_show, video=OuterRef("video"), rater=user.pk, suggestion=OuterRef("pk"))
    may_see = Exists(member.filter(role__in=STAFF)) | (Exists(member) & Exists(sent))
    return Suggestion.objects.filter(may_see)
