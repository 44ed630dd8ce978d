"""Drafts: a rater's unfinished work, saved as it is typed, and the record of what the model showed them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.access import STAFF
from annotation.models import Arm, Draft, Membership, Project, Rating, Suggestion, User, Video
from annotation.models.suggestion import SuggestionStatus
from annotation.room.forms import Answers
from annotation.scale import DIMENSION_KEYS

EDITED_ELSEWHERE = _("This video was edited in another tab.")
ENDED = _("This video was submitted or skipped in another tab.")


class Conflict(Exception):
    """The answers were written on another revision. `stored` is the server's copy, where there is one."""

    def __init__(self, message: str | Promise, stored: Draft | Rating | None) -> None:
        super().__init__(message)
        self.stored = stored


def save_draft(*, video: Video, rater: User, answers: Answers, revision: int) -> Draft:
    """Store the answers if they were written on the stored revision; the draft as it is now.

    Raises `Conflict` with the stored copy otherwise. A repeat of what is stored already is no conflict.
    """
    drafts = Draft.objects.filter(video=video, rater=rater)
    saved = drafts.filter(revision=revision).update(revision=F("revision") + 1, saved_at=Now(), **answers.columns)
    stored = drafts.first()
    if stored is None:
        raise Conflict(ENDED, Rating.objects.live().filter(video=video, rater=rater).first())
    if not saved and not answers.equal(stored):
        raise Conflict(EDITED_ELSEWHERE, stored)
    return stored


def send_suggestion(project: Project, draft: Draft) -> None:
    """Fix in the draft what of the suggestion is sent to the rater now; called whenever the video is rendered.

    Blind drafts get nothing. Once the video was on the screen nothing is added: a suggestion that comes late
    stays away, and the rating says so by what it stored.
    """
    if draft.arm != Arm.PREFILL or draft.opened_at is not None:
        return
    readable = Suggestion.objects.exclude(status=SuggestionStatus.UNREADABLE)
    said = readable.filter(video=draft.video_id, scorer_version=project.suggester_id, sample=0)
    suggestion = said.select_related("scorer_version").first()
    scores = suggestion.scores if suggestion else dict.fromkeys(DIMENSION_KEYS)
    if suggestion == draft.suggestion and scores == draft.shown:
        return
    sent = {"suggestion": suggestion, **{f"{key}_shown": score for key, score in scores.items()}}
    for column, value in sent.items():
        setattr(draft, column, value)
    Draft.objects.filter(pk=draft.pk, opened_at=None).update(**sent)


def mark_open(draft: Draft) -> None:
    """The video is on the rater's screen now; only the first time counts."""
    shown_at = Now() if draft.suggestion_id else None
    Draft.objects.filter(pk=draft.pk, opened_at=None).update(opened_at=Now(), shown_at=shown_at)


def draft_of(rater: User, video: Video) -> Draft | None:
    """The rater's draft on this video, its video and suggestion loaded."""
    return (
        Draft.objects.filter(rater=rater, video=video)
        .select_related("suggestion__scorer_version", "video__prompt")
        .first()
    )


def suggestions_shown_to(user: User | AnonymousUser) -> QuerySet[Suggestion]:
    """What this person may see: leads and reviewers every suggestion, raters those sent with their drafts."""
    member = Membership.objects.filter(project=OuterRef("video__project"), user=user.pk)
    sent = Draft.objects.filter(video=OuterRef("video"), rater=user.pk, arm=Arm.PREFILL, suggestion=OuterRef("pk"))
    may_see = Exists(member.filter(role__in=STAFF)) | (Exists(member) & Exists(sent))
    return Suggestion.objects.filter(may_see)
