"""What a lead sends: the text, and an example's words and scores."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import GuidelineExample, Project
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Score

MOST_CHARACTERS = 50_000


class GuidelinesForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ["guidelines"]

    guidelines = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        label=_("Text"),
        help_text=_(
            "Markdown: # heading, - list, **bold**, > quote, [words](address). One key (G) away while rating."
        ),
        widget=forms.Textarea(attrs={"rows": 16}),
    )


class ExampleForm(forms.ModelForm):
    """Words are needed, scores are not: an example may be about one dimension only."""

    class Meta:
        model = GuidelineExample
        fields = ["words", *DIMENSION_KEYS]

    words = forms.CharField(
        max_length=5_000,
        label=_("What it shows"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say in a few words what this video is an example of.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dimension in DIMENSIONS:
            self.fields[dimension.key] = forms.TypedChoiceField(
                choices=[
                    ("", _("no score")),
                    *((str(score.value), f"{score.value} {score.label}") for score in Score),
                ],
                coerce=int,
                empty_value=None,
                required=False,
                label=dimension.label,
            )

    def scores(self) -> dict[str, int | None]:
        """The scores of a valid form by dimension key."""
        return {key: self.cleaned_data[key] for key in DIMENSION_KEYS}
