"""The check before submit: reasons that say nothing, contradict their score, or repeat a text.

It warns once and lets pass; what was let stand is marked for a reviewer. What counts as what, and how often real
experts are bothered, is in docs/decisions/0009-check-before-submit.md.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.leaks import strip_leaks
from annotation.models import Check, Draft, Rating, Stage
from annotation.prepared import Prepared
from annotation.room.forms import Answers
from annotation.scale import DIMENSION_KEYS, TEXT_ALIGNMENT
from annotation.tone import is_at_odds
from annotation.wording import copies, is_long_enough_to_copy, is_nearly_one_of, says_nothing

EARLIER = 50  # of the rater's latest ratings are compared
ASKS_TWICE = (Stage.FIRST, Stage.RETURN)  # elsewhere what was let stand before is not asked again


@dataclass(frozen=True)
class Finding:
    """Something about one dimension's reason that a person should look at again.

    `stands`: the rater let it stand in the version that they revise now, so they need not be told again.
    """

    dimension: str
    found: Check
    stands: bool = False


def check_answers(draft: Draft, answers: Answers) -> list[Finding]:
    """What is to be said about these answers before they are submitted, at most one finding per dimension.

    One query about a first version, if its video's prompt and its suggestion are loaded.
    """
    worth_it = any(is_long_enough_to_copy(text) for text in answers.reasons.values())
    findings = find(
        answers,
        model_text=_model_text(draft) if worth_it else "",
        prompt=draft.video.prompt.text,
        earlier=_earlier_reasons(draft) if worth_it else {},
    )
    return [Finding(one.dimension, one.found, _stands(draft, answers, one.dimension)) for one in findings]


def find(
    answers: Answers, *, model_text: str = "", prompt: str = "", earlier: dict[str, Collection[str]] | None = None
) -> list[Finding]:
    """The same without the database: `model_text` as the rater was shown it, `earlier` reasons by the dimension
    that they may not repeat."""
    findings = []
    for key, text in answers.reasons.items():
        found = _found(text, answers.scores[key], model_text, prompt, (earlier or {}).get(key, ()))
        if found:
            findings.append(Finding(key, found))
    return findings


def sentences(findings: list[Finding]) -> dict[str, list[str]]:
    """What the rater is told, by the name of the reason's field."""
    return {f"{finding.dimension}_reason": [str(_SENTENCES[finding.found])] for finding in findings}


_SENTENCES = {
    Check.EMPTY: _("Say in a few words what you saw, or that you saw no defect."),
    Check.AT_ODDS: _("The words and the score seem to say different things."),
    Check.COPIES_MODEL: _("These are the model's words. Say it in your own."),
    Check.COPIES_SELF: _("You wrote the same about another video. Is it true of this one?"),
}


def _found(text: str, score: int | None, model_text: str, prompt: str, earlier: Collection[str]) -> Check | None:
    """The most useful thing to say: a wrong label first, borrowed words after it."""
    no_defect = text.strip() == gettext("No defect seen.")
    if says_nothing(text) and not no_defect:
        return Check.EMPTY
    if score is not None and (is_at_odds(text, score, prompt=prompt) or (no_defect and score < 3)):
        return Check.AT_ODDS
    if no_defect or not is_long_enough_to_copy(text):
        return None
    if model_text and copies(text, model_text, quoted=prompt):
        return Check.COPIES_MODEL
    return Check.COPIES_SELF if is_nearly_one_of(text, earlier) else None


_read_reasons = Prepared(
    lambda rater_pk, project_pk, except_pk: (
        Rating.objects.live()
        .filter(rater=rater_pk, video__project=project_pk)
        .exclude(video=except_pk)
        .order_by("-submitted_at")
        .values_list("video__prompt", *(f"{key}_reason" for key in DIMENSION_KEYS))[:EARLIER]
    )
)


def _model_text(draft: Draft) -> str:
    """The model's words as this rater was shown them; empty where they were not."""
    shown = draft.suggestion if draft.may_show_suggestion else None
    return strip_leaks(shown.rationale)[0] if shown else ""


def _earlier_reasons(draft: Draft) -> dict[str, Collection[str]]:
    """By dimension, what this rater lately wrote about other videos. One query.

    What the prompt asks for may be missing from each of its videos, so their alignment reasons may be alike.
    """
    keys = DIMENSION_KEYS
    rows = _read_reasons(draft.rater_id, draft.video.project_id, draft.video_id)
    written = [
        (key, text, prompt_pk == draft.video.prompt_id)
        for prompt_pk, *texts in rows
        for key, text in zip(keys, texts, strict=True)
        if text
    ]
    return {
        key: {text for other, text, sibling in written if not (sibling and key == other == TEXT_ALIGNMENT.key)}
        for key in keys
    }


def _stands(draft: Draft, answers: Answers, key: str) -> bool:
    """Whether neither words nor score of this dimension changed since the version that is revised."""
    old = draft.revises
    if old is None or draft.stage in ASKS_TWICE:
        return False
    return (old.reasons[key], old.scores[key]) == (answers.reasons[key], answers.scores[key])
