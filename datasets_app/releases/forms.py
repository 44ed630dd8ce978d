"""What a lead sends on the releases page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from datasets_app.models import ReleaseFormat
from datasets_app.opinions.import_rater import IMPORTED_RATER
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import parse_split

MAX_UPLOAD = 10 * 1024 * 1024  # bytes that are read within one request


class ReleaseForm(forms.Form):
    """A release to build; `options` holds what was asked once the form is valid."""

    format = forms.ChoiceField(choices=ReleaseFormat.choices, label=_("Format"))
    rationale = forms.ChoiceField(
        choices=[("", _("Imported where there is one, else the raters' reasons")), *RationaleSource.choices],
        required=False,
        label=_("Reasoning"),
        help_text=_("Lines that give scores away are taken out and counted."),
    )
    no_cot = forms.BooleanField(
        required=False, label=_("Without reasoning"), help_text=_("For sft: the answer is the three score lines.")
    )
    split = forms.CharField(
        required=False,
        max_length=200,
        label=_("Splits"),
        help_text=_("For example train=0.9,test=0.1. A prompt is never in two. Empty: one file."),
    )
    seed = forms.IntegerField(initial=0, label=_("Seed of the splits"))

    options: Options

    def clean_split(self) -> dict[str, float]:
        text = self.cleaned_data["split"].strip()
        try:
            return parse_split(text) if text else {}
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                self.options = Options(**data)
            except ExportError as error:
                raise ValidationError(str(error)) from error
        return data


class AnnotationsForm(forms.Form):
    """A file of annotations to bring in."""

    file = forms.FileField(
        label=_("Records or raw export"),
        help_text=_(
            "A JSON list or JSON Lines of at most 10 MB; longer ones go in with manage.py import_annotations."
        ),
    )
    rater = forms.CharField(
        required=False,
        max_length=150,
        label=_("Whose ratings"),
        help_text=_("A member's username, or a new name. Empty: “%s”.") % IMPORTED_RATER,
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise ValidationError(gettext("The file is longer than 10 MB."))
        return file
