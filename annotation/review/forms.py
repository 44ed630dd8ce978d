"""What a reviewer sends with a decision: the words, and what their page showed."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import CaseReason, Rating, ReturnReason
from annotation.review.decide import Seen
from annotation.scale import DIMENSIONS, Score

MOST_CHARACTERS = 5_000


class QueueForm(forms.Form):
    """The filter of the queue: nothing but these reaches a query."""

    reason = forms.ChoiceField(required=False, choices=CaseReason.choices)

    def wanted(self) -> str:
        """A column of `ReviewCase`, or nothing."""
        return self.cleaned_data["reason"] if self.is_valid() else ""


class SeenForm(forms.Form):
    """The live ratings and the newest review that the page showed."""

    seen = forms.CharField(required=False, max_length=2_000)
    newest = forms.IntegerField(min_value=0)
    words = forms.CharField(required=False, max_length=MOST_CHARACTERS)

    def clean_seen(self) -> frozenset[int]:
        numbers = self.cleaned_data["seen"].split()
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise forms.ValidationError(gettext("This page does not say which ratings it showed."))
        return frozenset(map(int, numbers))

    def page(self) -> Seen:
        """What the page showed."""
        return Seen(self.cleaned_data["seen"], self.cleaned_data["newest"])


class AcceptForm(SeenForm):
    """The ratings stand."""


class ReturnForm(SeenForm):
    """One of the video's live ratings goes back, with a reason; another reason than the usual needs words."""

    rating = forms.ModelChoiceField(
        queryset=Rating.objects.none(), error_messages={"required": _("Choose whose rating goes back.")}
    )
    preset = forms.ChoiceField(
        choices=ReturnReason.choices, error_messages={"required": _("Say why it goes back.")}
    )

    def __init__(self, data: Any, *, live: Any) -> None:
        super().__init__(data)
        self.fields["rating"].queryset = live  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("preset") == ReturnReason.OTHER and not data.get("words"):
            self.add_error("words", gettext("Say the reason in your own words."))
        return data


class FixForm(SeenForm):
    """All three scores, and why."""

    words = forms.CharField(
        max_length=MOST_CHARACTERS, error_messages={"required": _("Say why these are the scores.")}
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for dimension in DIMENSIONS:
            self.fields[dimension.key] = forms.TypedChoiceField(
                choices=[(str(score.value), score.label) for score in Score],
                coerce=int,
                error_messages={
                    "required": _("Give a score for %(dimension)s.") % {"dimension": dimension.label.lower()}
                },
            )

    def scores(self) -> dict[str, int]:
        return {dimension.key: self.cleaned_data[dimension.key] for dimension in DIMENSIONS}
