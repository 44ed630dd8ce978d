"""Accepting an edited rationale, and taking the last accept back; each a short transaction under the video's lock.

What gives scores away is refused; what looks odd is asked about once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.leaks import leaks_scores
from annotation.models import EditedRationale, Rating, Suggestion, User, Verdict, Video
from annotation.room.settle import lock_videos
from annotation.scale import DIMENSION_KEYS
from annotation.score_first import names_score_first
from annotation.score_mentions import at_odds, statements

SHORT = 30  # words
TAKE_BACK = timedelta(minutes=10)
UNSETTLED = gettext_lazy("This video is not settled any more, so there are no scores to write for.")
OTHER_SCORES = gettext_lazy("The video's scores have changed since you opened this page.")
ACCEPTED_MEANWHILE = gettext_lazy("Somebody else accepted a text for this video while you wrote.")
TOO_LATE = gettext_lazy("It is too late to take it back.")


class Stale(Exception):
    """The page shows what is past; `theirs` is the text that was accepted meanwhile, if that is why."""

    def __init__(self, message: str | Promise, theirs: EditedRationale | None = None) -> None:
        super().__init__(message)
        self.theirs = theirs


@dataclass(frozen=True)
class Seen:
    """What the page showed: the live edit (0 = none), and the final scores in the order of the scale."""

    live: int
    scores: tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """Why a text cannot be accepted, on which line of it (from 1)."""

    line: int
    message: str


@transaction.atomic
def accept(
    video: Video, editor: User, text: str, seen: Seen, *, suggestion: Suggestion | None, rating: Rating | None
) -> EditedRationale:
    """Make this text the video's live rationale, for the scores that the editor saw.

    It began as the text of `suggestion` or of `rating`, just one of them. Raises `Stale`, and then nothing is
    stored. The same accept again gives the row that is there.
    """
    lock_videos([video.pk])
    verdict = Verdict.objects.filter(video=video).first()
    if verdict is None:
        raise Stale(UNSETTLED)
    live = EditedRationale.objects.live().filter(video=video).select_related("editor").first()
    if live and (live.editor_id, live.text, _scores(live)) == (editor.pk, text, seen.scores):
        return live
    if _scores(verdict) != seen.scores:
        raise Stale(OTHER_SCORES)
    if (live.pk if live else 0) != seen.live:
        raise Stale(ACCEPTED_MEANWHILE, live)
    EditedRationale.objects.live().filter(video=video).update(live=False)
    return EditedRationale.objects.create(
        video=video, editor=editor, text=text, suggestion=suggestion, rating=rating, **in_order(seen.scores)
    )


@transaction.atomic
def take_back(video: Video, editor: User, edit_pk: int) -> str:
    """Undo this person's accept of the last minutes; gives its text. The one before it is live again.

    Raises `Stale` when it is not theirs, not live any more, or older than `TAKE_BACK`.
    """
    lock_videos([video.pk])
    young = EditedRationale.objects.live().filter(editor=editor, created_at__gt=Now() - TAKE_BACK)
    edit = young.filter(video=video, pk=edit_pk).first()
    if edit is None:
        raise Stale(TOO_LATE)
    edit.delete()
    before = EditedRationale.objects.filter(video=video).order_by("-pk").first()
    if before is not None:
        EditedRationale.objects.filter(pk=before.pk).update(live=True)
    return edit.text


def problems_of(text: str, scores: Mapping[str, int]) -> list[Problem]:
    """What keeps a text from being accepted: lines that give scores away, or name others than these."""
    found = [
        Problem(number, _("Line %d gives scores away; take it out.") % number)
        for number, line in enumerate(text.split("\n"), start=1)
        if leaks_scores(line)
    ]
    told = {problem.line for problem in found}
    found += [
        Problem(one.line, _("Line %(line)d gives a score away: “%(words)s”.") % vars(one))
        for one in statements(text)
        if one.line not in told
    ]
    found += [
        Problem(one.line, _("Line %(line)d names a score that is not the final one: “%(words)s”.") % vars(one))
        for one in at_odds(text, scores)
        if one.line not in told
    ]
    told |= {problem.line for problem in found}
    found += [
        Problem(
            one.line, _("Line %(line)d names a score before anything is said for it: “%(words)s”.") % vars(one)
        )
        for one in names_score_first(text)
        if one.line not in told
    ]
    return sorted(found, key=lambda problem: problem.line)


def doubts_about(text: str, model_text: str) -> list[str]:
    """What is asked once about a text, and let pass the second time."""
    doubts = []
    if text.split() == model_text.split():
        doubts.append(_("This is the model's text without a change."))
    words = len(text.split())
    if words < SHORT:
        doubts.append(ngettext("The text is only %d word long.", "The text is only %d words long.", words) % words)
    return doubts


def _scores(said: "EditedRationale | Verdict") -> tuple[int, ...]:
    return tuple(score for score in said.scores.values() if score is not None)


def in_order(scores: Sequence[int]) -> dict[str, int]:
    """Scores in the order of the scale, by dimension key."""
    return dict(zip(DIMENSION_KEYS, scores, strict=True))
