"""What a lead sends on the releases page."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import Arm, Project, ScorerVersion
from datasets_app.models import ReleaseFormat
from datasets_app.opinions.import_rater import IMPORTED_RATER
from datasets_app.releases.choices import FIELDS, Choices, choices
from datasets_app.releases.export_options import ExportError, OnLeak, Options, Policy, VideoFiles
from datasets_app.releases.licence import Licence
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.splits import parse_split

MAX_UPLOAD = 10 * 1024 * 1024  # bytes that are read within one request
# Who reads a format.
READERS = {
    ReleaseFormat.RECORDS: _("One flat object a video: for people, scripts, and the import of another project."),
    ReleaseFormat.SFT: _("Supervised fine-tuning: conversations with reasoning, and LLaMA-Factory's settings."),
    ReleaseFormat.RL: _("Reinforcement learning in Video-R1: a question and its solution a line."),
    ReleaseFormat.BENCH: _("To measure a model against: videos with the experts' own scores."),
    ReleaseFormat.PREFERENCES: _("Reward models and DPO: two videos of one prompt, the better one named."),
    ReleaseFormat.PARQUET: _("Hugging Face datasets: a table with the videos inside."),
}


class NamesField(forms.MultipleChoiceField):
    """Names of which the page offers only some; which of them exist is asked of the database later."""

    def valid_value(self, value: Any) -> bool:
        return True


class ReleaseForm(forms.Form):
    """A release to build; `options` holds what was asked once the form is valid."""

    formats = forms.MultipleChoiceField(
        choices=ReleaseFormat.choices,
        label=_("Formats"),
        widget=forms.CheckboxSelectMultiple,
        initial=[ReleaseFormat.SFT],
        error_messages={"required": _("Tick at least one format.")},
    )
    no_cot = forms.BooleanField(
        required=False, label=_("sft without reasoning: the answer is the three score lines alone")
    )
    rationale = forms.ChoiceField(
        choices=[("", _("The best there is: edited, else imported, else the raters' reasons"))],
        required=False,
        label=_("Reasoning"),
        help_text=_("Lines that give scores away are taken out and counted."),
    )
    margin = forms.FloatField(
        min_value=0,
        max_value=4,
        initial=1.0,
        label=_("Margin of a preference"),
        help_text=_("By how much the better video's mean score is higher."),
    )
    policy = forms.ChoiceField(
        choices=Policy.choices, label=_("Scores"), widget=forms.RadioSelect, initial=Policy.SETTLED
    )
    min_ratings = forms.IntegerField(min_value=1, initial=1, label=_("Ratings a video needs"))
    split = forms.CharField(
        required=False,
        max_length=200,
        label=_("Splits by prompt"),
        help_text=_("For example train=0.9,test=0.1. A prompt is never in two. Empty: one file."),
    )
    seed = forms.IntegerField(initial=0, label=_("Seed of the splits"))
    reviewed_only = forms.BooleanField(required=False, label=_("Only videos that a reviewer decided about"))
    arms = forms.MultipleChoiceField(
        choices=Arm.choices,
        required=False,
        label=_("Ratings of these arms alone"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all of them."),
    )
    since = forms.DateField(required=False, label=_("Submitted from"))
    until = forms.DateField(required=False, label=_("Submitted until"), help_text=_("Both days included, UTC."))
    t2v_models = NamesField(required=False, label=_("T2V models"))
    prompt_sources = NamesField(required=False, label=_("Prompt sources"))
    videos = forms.ChoiceField(choices=VideoFiles.choices, label=_("Video files"), initial=VideoFiles.LINK)
    on_leak = forms.ChoiceField(
        choices=OnLeak.choices, label=_("Where the same file is in two splits"), initial=OnLeak.REFUSE
    )
    licence = forms.ChoiceField(
        choices=Licence.choices,
        required=False,
        label=_("Licence"),
        initial=Licence.UNKNOWN,
        help_text=_("Stands in the dataset card. Ask whose videos and words they are first."),
    )
    reconcile = forms.ModelChoiceField(
        queryset=ScorerVersion.objects.none(),
        required=False,
        label=_("Reconcile scores with"),
        empty_label=_("No scorer: the experts' scores as they are"),
        help_text=_("Its adjusted scores take the experts' place in all formats but bench."),
    )

    options: Options

    def __init__(self, project: Project, data: Any = None, *, like: Options | None = None) -> None:
        """`like`: what a fresh form starts with."""
        super().__init__(data, initial=_as_initial(like) if like else None)
        self.project = project
        self.like = like
        self.fields["rationale"].choices += RationaleSource.choices  # type: ignore[attr-defined]
        adjusted = ScorerVersion.objects.filter(adjustments__video__project=project).distinct()
        self.fields["reconcile"].queryset = adjusted.select_related("scorer")  # type: ignore[attr-defined]
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")

    @property
    def asked(self) -> Options | None:
        """What is asked for as the form stands; None where that makes no sense."""
        if not self.is_bound:
            return self.like or Options([ReleaseFormat.SFT])
        return self.options if self.is_valid() else None

    def format_rows(self) -> Iterator[tuple[Any, str]]:
        """The check boxes of the formats, each with a line on who reads it."""
        for box in self["formats"].subwidgets:
            yield box, str(READERS[ReleaseFormat(str(box.data["value"]))])

    def offered(self, kind: str) -> Choices:
        """The check list of a key of `choices.FIELDS`, narrowed by what is looked for."""
        find = str(self.data.get(f"find_{kind}", "")) if self.is_bound else ""
        return choices(self.project, kind, self[kind].value() or [], find)

    @property
    def check_lists(self) -> list[tuple[Any, Choices]]:
        return [(self[kind], self.offered(kind)) for kind in FIELDS]

    @property
    def unfolded(self) -> set[str]:
        """The folded groups in which something differs from what is usual, or is to be mended."""
        groups = {
            "which": ["reviewed_only", "arms", "since", "until", *FIELDS],
            "files": ["videos", "on_leak", "licence", "reconcile"],
        }
        usual = {name: field.initial for name, field in self.fields.items()}
        return {
            group
            for group, names in groups.items()
            if any(self[name].errors or (self[name].value() or None) != (usual[name] or None) for name in names)
        }

    def clean_split(self) -> dict[str, float]:
        text = self.cleaned_data["split"].strip()
        try:
            return parse_split(text) if text else {}
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        asked = data | {
            "no_cot": data["no_cot"] and ReleaseFormat.SFT in data["formats"],
            "margin": data["margin"] if ReleaseFormat.PREFERENCES in data["formats"] else Options.margin,
            "since": data["since"].isoformat() if data["since"] else "",
            "until": data["until"].isoformat() if data["until"] else "",
            "licence": data["licence"] or Options.licence,
            "reconcile": data["reconcile"].pk if data["reconcile"] else None,
        }
        try:
            self.options = Options(**asked)
        except ExportError as error:
            raise ValidationError(str(error)) from error
        return data


def _as_initial(options: Options) -> dict[str, Any]:
    split = ",".join(f"{name}={share!r}" for name, share in options.split.items())
    return dataclasses.asdict(options) | {"split": split}


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
        help_text=format_lazy(_("A member's username, or a new name. Empty: “{rater}”."), rater=IMPORTED_RATER),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD:
            raise ValidationError(gettext("The file is longer than 10 MB."))
        return file
