"""What the rating room sends: scores, reasons and a flag, with the revision they were written on."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models.scores import Reasons, Scores
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Score

MOST_CHARACTERS = 20_000  # of one reason


@dataclass(frozen=True)
class Answers:
    """A rater's answers as they stand: three scores (None = undecided), three reasons, the flag."""

    scores: dict[str, int | None]
    reasons: dict[str, str]
    flagged: bool

    @property
    def columns(self) -> dict[str, Any]:
        """The same by column name, as drafts and ratings store them."""
        return {
            **self.scores,
            **{f"{key}_reason": text for key, text in self.reasons.items()},
            "flagged": self.flagged,
        }

    def equal(self, stored: Scores | Reasons) -> bool:
        """Whether a draft or a rating holds exactly these answers."""
        return all(getattr(stored, column) == value for column, value in self.columns.items())


class DraftForm(forms.Form):
    """Any state of the answers, decided or not."""

    revision = forms.IntegerField(min_value=0)
    flagged = forms.BooleanField(required=False)

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
            reasons={key: data[f"{key}_reason"].replace("\r\n", "\n") for key in DIMENSION_KEYS},
            flagged=data["flagged"],
        )


class SubmitForm(DraftForm):
    """Answers that are decided: all three scores are there."""

    submit_key = forms.UUIDField()

    scores_required = True


class SkipForm(forms.Form):
    reason = forms.CharField(max_length=2_000, error_messages={"required": _("Say why you skip this video.")})
