"""What a submit lacks beside its three scores: the full play that the project asks for, the reason of a change."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.models import Draft, Stage, Video
from annotation.room.forms import Answers, Played

HASTE = timedelta(seconds=1)  # by which a browser may be ahead of us


def lacking(video: Video, draft: Draft, answers: Answers, played: Played) -> dict[str, list[str]]:
    """Sentences by field; empty when nothing is missing."""
    errors = {}
    if video.project.requires_full_play and draft.stage == Stage.FIRST and not _was_played(video, draft, played):
        errors["plays"] = [_("Watch the video once from start to end at normal speed before you submit.")]
    if _lacks_reason(draft, answers):
        errors["change_reason"] = [_("Say in a few words why you change it.")]
    return errors


def _was_played(video: Video, draft: Draft, played: Played) -> bool:
    """Whether the browser counted a full play, and there was time for one since the video was on the screen."""
    if not max(played.plays or 0, draft.plays or 0) or draft.opened_at is None:
        return False
    return timezone.now() - draft.opened_at + HASTE >= timedelta(seconds=video.seconds)


def _lacks_reason(draft: Draft, answers: Answers) -> bool:
    """A changed score after the reveal, an edit or a return needs its reason; changed words alone do not."""
    changed = draft.revises is not None and answers.scores != draft.revises.scores
    return changed and not answers.change_reason.strip()
