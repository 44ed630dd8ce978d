"""Entries of the audit log: a project's, or all of them, narrowed by what the form lets through."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.models import AuditEntry, AuditKind, Project, User
from annotation.models.audit import NOT_OF_A_PROJECT


class AuditForm(forms.Form):
    """The filters: nothing but these reaches a query."""

    person = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, label=_("Person"), empty_label=_("Anybody")
    )
    kind = forms.ChoiceField(required=False, label=_("What"))

    def __init__(self, data: Any, *, project: Project | None) -> None:
        super().__init__(data)
        people = _people(entries_of(project))
        self.fields["person"] = forms.ModelChoiceField(
            queryset=people, required=False, label=_("Person"), empty_label=_("Anybody")
        )
        kinds = [(kind.value, kind.label) for kind in AuditKind if not (project and kind in NOT_OF_A_PROJECT)]
        self.fields["kind"] = forms.ChoiceField(
            required=False, label=_("What"), choices=[("", _("Anything")), *kinds]
        )

    def wanted(self) -> dict[str, Any]:
        """Keyword arguments of `find`; what is not on the lists is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def entries_of(project: Project | None) -> QuerySet[AuditEntry]:
    """A project's entries, or with None those of the whole installation; newest first."""
    entries = AuditEntry.objects.filter(project=project) if project else AuditEntry.objects.all()
    return entries.select_related("actor", "person").order_by("-pk")


def find(project: Project | None, *, person: User | None = None, kind: str = "") -> QuerySet[AuditEntry]:
    """Entries that a person made or was the object of, and of one kind, where these are given."""
    entries = entries_of(project)
    if person is not None:
        entries = entries.filter(Q(actor=person) | Q(person=person))
    return entries.filter(kind=kind) if kind else entries


def _people(entries: QuerySet[AuditEntry]) -> QuerySet[User]:
    plain = entries.order_by()
    either = Q(pk__in=plain.values("actor")) | Q(pk__in=plain.values("person"))
    return User.objects.filter(either).order_by("username")
