"""What an editor sends with an accepted rationale, and what a lead asks to be reconciled."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from datasets_app.rationales.accept import Seen

LONGEST = 20_000  # characters


class AcceptForm(forms.Form):
    """An edited text, and what its page showed."""

    text = forms.CharField(
        label=_("Rationale"), max_length=LONGEST, error_messages={"required": _("The text is empty.")}
    )
    origin = forms.CharField(max_length=40)
    live = forms.IntegerField(min_value=0)
    scores = forms.CharField(max_length=20)
    let_stand = forms.BooleanField(required=False)  # the editor has read what is doubtful about it

    def clean_text(self) -> str:
        """Browsers send lines ended by CR LF."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()

    def clean_scores(self) -> tuple[int, ...]:
        text = self.cleaned_data["scores"]
        if not re.fullmatch(r"[1-5] [1-5] [1-5]", text):
            raise ValidationError(gettext("Reload the page."))
        return tuple(int(score) for score in text.split())

    @property
    def seen(self) -> Seen:
        return Seen(self.cleaned_data["live"], self.cleaned_data["scores"])
