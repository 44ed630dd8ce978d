"""What people type before something goes for good."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class ConfirmForm(forms.Form):
    """The name of what is to go, typed once more."""

    name = forms.CharField(
        label=_("Type it once more to confirm"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, data: Any, *, name: str) -> None:
        super().__init__(data)
        self.wanted = name

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.split() != self.wanted.split():
            raise ValidationError(gettext("That is something else. Nothing was deleted."))
        return name
