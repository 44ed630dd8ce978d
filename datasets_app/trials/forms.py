"""The form that puts one clip and one prompt to a scorer."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import ScorerVersion
from datasets_app.media import limits

MAX_PROMPT = 5_000  # characters


def label_of(version: ScorerVersion) -> str:
    """A version in the list: its name, and in words what a stand-in is worth."""
    means_nothing = _(" (stand-in, means nothing)") if version.stand_in else ""
    return f"{version.scorer.name} {version.settings_sha256[:8]}{means_nothing}"


class TrialForm(forms.Form):
    """A clip, its prompt, and who is asked."""

    clip = forms.FileField(
        label=gettext_lazy("Clip"),
        widget=forms.ClearableFileInput(attrs={"accept": ".mp4,.m4v,.mov,.webm,.mkv,.gif,video/*"}),
        help_text=gettext_lazy("MP4, MOV, WebM, MKV or GIF; up to 2 GB, ten minutes and 3840 × 2160."),
    )
    prompt = forms.CharField(
        label=gettext_lazy("Prompt"),
        max_length=MAX_PROMPT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=gettext_lazy("The text that the clip was made from."),
    )
    version = forms.TypedChoiceField(label=gettext_lazy("Scorer"))

    def __init__(
        self, *args: Any, versions: Sequence[ScorerVersion], usual: ScorerVersion | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        by_key = {str(version.pk): version for version in versions}
        field = self.fields["version"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(key, label_of(version)) for key, version in by_key.items()]
        field.coerce = by_key.__getitem__
        field.initial = str(usual.pk) if usual else None

    def clean_clip(self) -> UploadedFile:
        clip: UploadedFile = self.cleaned_data["clip"]
        if (clip.size or 0) > limits.MAX_BYTES:
            raise forms.ValidationError(_("A video has more than 2 GB."))
        return clip
