"""What the address of the best-of-N page may say; nothing else reaches a query."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import Project, ScorerVersion
from annotation.scale import DIMENSIONS
from scoring.best_of.load import usual_version
from scoring.best_of.rank import Floats
from scoring.evaluation.find_version import versions_with_answers

WEIGHTS = tuple(dimension.key[0] for dimension in DIMENSIONS)  # v, t, p
MOST = 100
SHOW = {"": _("All"), "right": _("Pick is the humans' best"), "wrong": _("Pick is not the humans' best")}


@dataclass(frozen=True)
class Wish:
    """What is asked for, with everything that was left open filled in; no version where no scorer answered."""

    version: ScorerVersion | None
    weights: Floats
    text: str
    show: str


class BestOfForm(forms.Form):
    """Scorer version, weights (`v`, `t`, `p`), words of the prompt (`q`) and which picks to show."""

    version = forms.ChoiceField(required=False, label=_("Scorer"))
    q = forms.CharField(required=False, max_length=200, label=_("Prompt"))
    show = forms.ChoiceField(required=False, label=_("Show"), choices=list(SHOW.items()))

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        found = versions_with_answers(project)
        self.usual = usual_version(project, found)
        # The usual choice first, so that a form without one shows it.
        self.versions = sorted(found, key=lambda one: one != self.usual)
        choices = [(str(one.pk), str(one)) for one in self.versions]
        self.fields["version"] = forms.ChoiceField(required=False, label=_("Scorer"), choices=choices)
        for name, dimension in zip(WEIGHTS, DIMENSIONS, strict=True):
            self.fields[name] = forms.FloatField(
                required=False,
                min_value=0,
                max_value=MOST,
                label=dimension.short_label,
                widget=forms.NumberInput(attrs={"step": "any", "placeholder": "1"}),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if all(data.get(name) == 0 for name in WEIGHTS):
            self.add_error(WEIGHTS[0], gettext("One of the three weights has to be above 0."))
            data |= dict.fromkeys(WEIGHTS)
        return data

    def wanted(self) -> Wish:
        """What was asked for as far as it makes sense: what does not is as if it were left open."""
        self.is_valid()
        said = self.cleaned_data
        chosen = next((one for one in self.versions if str(one.pk) == said.get("version")), self.usual)
        given = [said.get(name) for name in WEIGHTS]
        weights = np.array([1.0 if weight is None else weight for weight in given])
        return Wish(chosen, weights, said.get("q", ""), said.get("show", ""))
