"""What the rating room sends: answers with the revision they were written on, and how the video was played."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models.scores import Reasons, Scores
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Score

MOST_CHARACTERS = 20_000  # of one reason
MOST_PLAYS = 1_000_000


@dataclass(frozen=True)
class Answers:
    """A rater's answers as they stand: three scores (None = undecided), three reasons, the flag.

    `change_reason` says why a rating that was there is changed; empty for a first version.
    """

    scores: dict[str, int | None]
    reasons: dict[str, str]
    flagged: bool
    change_reason: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        """The same by column name, as drafts and ratings store them."""
        return {
            **self.scores,
            **{f"{key}_reason": text for key, text in self.reasons.items()},
            "flagged": self.flagged,
            "change_reason": self.change_reason,
        }

    def equal(self, stored: Scores | Reasons) -> bool:
        """Whether a draft or a rating holds exactly these answers."""
        return all(getattr(stored, column) == value for column, value in self.columns.items())


@dataclass(frozen=True)
class Played:
    """How the video was played, as the browser counted it; None where it did not say. See `models.Playback`."""

    watched: float | None = None
    plays: int | None = None
    stalls: int | None = None


NOT_SAID = Played()


class PlaybackForm(forms.Form):
    """What was played of the video. Nonsense is refused, silence is not."""

    watched = forms.FloatField(required=False, min_value=0, max_value=1)
    plays = forms.IntegerField(required=False, min_value=0, max_value=MOST_PLAYS)
    stalls = forms.IntegerField(required=False, min_value=0, max_value=MOST_PLAYS)

    def played(self) -> Played:
        data = self.cleaned_data
        return Played(data["watched"], data["plays"], data["stalls"])


class DraftForm(PlaybackForm):
    """Any state of the answers, decided or not. `submit_key` names the draft that they were written on."""

    revision = forms.IntegerField(min_value=0)
    submit_key = forms.UUIDField(required=False)
    flagged = forms.BooleanField(required=False)
    change_reason = forms.CharField(required=False, strip=False, max_length=MOST_CHARACTERS)

    scores_required = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dimension in DIMENSIONS:
            self.fields[dimension.key] = forms.TypedChoiceField(
                choices=[("", ""), *((str(score.value), score.label) for score in Score)],
                coerce=int,
                empty_value=None,
                required=self.scores_required,
                error_messages={
                    "required": _("Give a score for %(dimension)s.") % {"dimension": dimension.label.lower()},
                    "invalid_choice": _("Scores go from 1 to 5."),
                },
            )
            self.fields[f"{dimension.key}_reason"] = forms.CharField(
                required=False, strip=False, max_length=MOST_CHARACTERS
            )

    def answers(self) -> Answers:
        """The answers of a valid form. Line ends are `\\n`, whatever the browser made of them."""
        data = self.cleaned_data
        return Answers(
            scores={key: data[key] for key in DIMENSION_KEYS},
            reasons={key: _own_line_ends(data[f"{key}_reason"]) for key in DIMENSION_KEYS},
            flagged=data["flagged"],
            change_reason=_own_line_ends(data["change_reason"]),
        )


class SubmitForm(DraftForm):
    """Answers that are decided: all three scores are there."""

    submit_key = forms.UUIDField()
    warned = forms.BooleanField(required=False)  # the rater saw what the check found, and lets it stand

    scores_required = True


class SkipForm(forms.Form):
    reason = forms.CharField(max_length=2_000, error_messages={"required": _("Say why you skip this video.")})


def _own_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")
