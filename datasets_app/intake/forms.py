"""The form that sends a manifest, and the videos with it where the server has no folder of them."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from datasets_app.media import limits

MAX_MANIFEST_BYTES = 100 * 1024**2
MAX_VIDEOS = 100  # Django takes no more files in one request
MAX_REQUEST_BYTES = 2 * 1024**3


class ManyFilesInput(forms.ClearableFileInput):
    """A file input for several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Cleans to a list of uploads."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        return [super(ManyFilesField, self).clean(each, initial) for each in data or []]


class ImportForm(forms.Form):
    """A manifest and, where wanted, the files that it names."""

    manifest = forms.FileField(
        label=gettext_lazy("Manifest"),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".jsonl,.ndjson,.json,.txt"}),
        help_text=gettext_lazy(
            "One JSON object a line: video and prompt, and where known t2v_model, video_name, prompt_source, tier."
        ),
    )
    videos = ManyFilesField(
        label=gettext_lazy("Video files"),
        required=False,
        help_text=gettext_lazy("Found by their file names in the manifest. Up to 99 files, 2 GB together."),
    )

    def clean_manifest(self) -> UploadedFile:
        manifest: UploadedFile = self.cleaned_data["manifest"]
        if not manifest.size:
            raise forms.ValidationError(_("This file is empty."))
        if manifest.size > MAX_MANIFEST_BYTES:
            raise forms.ValidationError(_("A manifest of more than 100 MB is imported by the command line."))
        return manifest

    def clean_videos(self) -> list[UploadedFile]:
        videos: list[UploadedFile] = self.cleaned_data["videos"]
        names = [video.name for video in videos]
        twice = sorted({name or "" for name in names if names.count(name) > 1})
        if twice:
            raise forms.ValidationError(_("Two files have the name %s.") % twice[0])
        if any((video.size or 0) > limits.MAX_BYTES for video in videos):
            raise forms.ValidationError(_("A video has more than 2 GB."))
        return videos
