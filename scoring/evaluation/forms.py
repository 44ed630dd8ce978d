"""What the addresses of the evaluation's pages may say; nothing else reaches a query."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion, T2VModel
from annotation.scale import DIMENSIONS
from scoring.evaluation.find_version import versions_with_answers
from scoring.evaluation.truth import RATINGS, UNBIASED

VIDEOS = [("", _("All that were compared")), ("1", _("Only those not trained on"))]


@dataclass(frozen=True)
class Wish:
    """What is to be compared, with everything that was left open filled in; no version where none answered."""

    version: ScorerVersion | None
    against: ScorerVersion | None
    ratings: str
    held_out: bool = False  # without videos that one of the versions was trained on
    dimension: str = ""
    t2v_model: T2VModel | None = None

    @property
    def versions(self) -> list[ScorerVersion]:
        """One or two."""
        return [version for version in (self.version, self.against) if version is not None]

    @property
    def only_held_out(self) -> str:
        """The query of the same wish without videos that were trained on."""
        return replace(self, held_out=True).query

    @property
    def all_videos(self) -> str:
        """And with them."""
        return replace(self, held_out=False).query

    @property
    def query(self) -> str:
        """The same wish as the query of an address."""
        said = {"version": self.version, "against": self.against}
        named = {name: str(version.pk) for name, version in said.items() if version}
        held_out = {"held_out": "1"} if self.held_out else {}
        return urlencode(named | {"ratings": self.ratings} | held_out)


class EvaluationForm(forms.Form):
    """A scorer version, another one beside it, and which ratings count. The suggester is the usual choice."""

    version = forms.ChoiceField(required=False, label=_("Scorer"))
    against = forms.ChoiceField(required=False, label=_("Beside it"))
    ratings = forms.ChoiceField(required=False, label=_("Ratings"), choices=list(RATINGS.items()))
    held_out = forms.ChoiceField(required=False, label=_("Videos"), choices=VIDEOS)

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data, auto_id="evaluation_%s")
        # The usual choice first, so that a form without one shows it.
        found = sorted(versions_with_answers(project), key=lambda one: one.pk != project.suggester_id)
        self.versions = {str(version.pk): version for version in found}
        choices = [(pk, str(version)) for pk, version in self.versions.items()]
        self.fields["version"] = forms.ChoiceField(required=False, label=_("Scorer"), choices=choices)
        self.fields["against"] = forms.ChoiceField(
            required=False, label=_("Beside it"), choices=[("", _("No other version")), *choices]
        )

    def wanted(self) -> Wish:
        """What was asked for; what is on no list is as if it were left open."""
        self.is_valid()
        said = self.cleaned_data
        usual = next(iter(self.versions.values()), None)
        version = self.versions.get(said.get("version", ""), usual)
        against = self.versions.get(said.get("against", ""))
        return Wish(
            version,
            against if against != version else None,
            said.get("ratings") or UNBIASED,
            bool(said.get("held_out")),
            said.get("dimension", ""),
            said.get("t2v_model"),
        )


class WorstForm(EvaluationForm):
    """The same, and what the list of disagreements is about."""

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data, project=project)
        self.fields["against"].widget = forms.HiddenInput()  # the way back to the figures goes by it
        self.fields["dimension"] = forms.ChoiceField(
            required=False,
            label=_("Dimension"),
            choices=[("", _("All three together")), *((one.key, one.label) for one in DIMENSIONS)],
        )
        self.fields["t2v_model"] = forms.ModelChoiceField(
            queryset=T2VModel.objects.filter(project=project),
            required=False,
            label=_("T2V model"),
            empty_label=_("Any"),
        )
