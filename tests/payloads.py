"""Texts that attack a page, and every text column of the database filled with them.

Each stored text begins with a mark of its own, `й17й`, so that a page that shows it can be held to showing all of it.
"""

import itertools
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Model

from annotation.models import AuditEntry, AuditKind, Project

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)><x-hostile>',
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)//<x-hostile>",
    "{{ 7|add:7 }}{% debug %}${7*7}<%= 7*7 %>",
    "</textarea></title></style></script><script>alert(1)</script>",
    "\u2028</script><script>alert(1)//\u2029",
    "\u202e>1=ssalc elitsoh-x<\u202c\u2066<x-hostile>",
    '<a href="data:text/html,<script>alert(1)</script>" onclick=alert(1)>й</a>',
    "＜script＞alert(1)＜/script＞\ufeff<x-hostile\u0000-less>".replace("\0", ""),
    '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe><base href=//evil.example><!--',
    '<meta http-equiv=refresh content="0;url=//evil.example"><x-hostile style="position:fixed;inset:0">',
    '[й](javascript:alert(1)) <javascript:alert(1)> ![й](x"onerror=alert(1)) [й](data:text/html;base64,PHNjcmlwdD4=)',
    "&lt;img src=x onerror=alert(1)&gt;\\u003cx-hostile\\u003e\\'-alert(1)-\\'",
)
MOST_OF_ADDRESS = 64  # characters; a longer payload gives way to `SHORT`
SHORT = "<b onclick=alert(1)>"
# Columns that hold no words: what our own code wrote there decides what it does.
OURS = {
    "Project.slug", "ProjectDeletion.slug", "User.password", "Scorer.name", "ScorerVersion.settings", "Suggestion.saw", "Video.container",
    "Trial.container", "Evaluation.settings", "Evaluation.results", "Release.settings", "Release.counts",
    "Trial.answer",
}  # fmt: skip
# Tables that only grow: what they hold cannot be replaced. `plant` adds to them.
ONLY_GROW = {"AuditEntry"}
HASHES = ("sha256", "fingerprint")
# Columns that are empty in the furnished place, and filled all the same.
FILLED = {
    "Prompt.source", "T2VModel.tier", "Video.source_url", "ScorerVersion.checkpoint", "Draft.visual_quality_reason",
    "Draft.text_alignment_reason", "Draft.physical_consistency_reason", "Rating.rationale", "Suggestion.raw_text",
    "User.first_name", "User.last_name",
}  # fmt: skip


@dataclass
class Planted:
    """What was stored: text by its mark, and the column of each mark."""

    texts: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(100))

    def text(self, column: str, most: int | None = None) -> str:
        """A text for this column, of `most` characters where it takes no more; the next payload each time."""
        number = next(self.numbers)
        mark, payload = f"й{number}й", PAYLOADS[number % len(PAYLOADS)]
        if most is not None and len(mark) + len(payload) > most:
            payload = SHORT[: most - len(mark)]
        self.texts[mark], self.columns[mark] = mark + payload, column
        return mark + payload


def plant() -> Planted:
    """Put payloads into every text column of our tables that is not `OURS`."""
    planted = Planted()
    for model in apps.get_models():
        if model._meta.app_label in ("annotation", "scoring", "datasets") and model.__name__ not in ONLY_GROW:
            for column in text_columns(model):
                _fill(planted, model, column)
    _note(planted)
    return planted


def _note(planted: Planted) -> None:
    """Entries of the audit log in each project, with hostile words wherever they have some."""
    for project in Project.objects.all():
        details = {name: planted.text("AuditEntry.details") for name in ("name", "words", "before", "anything")}
        AuditEntry.objects.create(
            kind=AuditKind.EXPORTED,
            project=project,
            project_slug=project.slug,
            shell_user=planted.text("AuditEntry.shell_user", 100),
            subject=planted.text("AuditEntry.subject", 300),
            details=details | {"names": [planted.text("AuditEntry.details")]},
        )


def text_columns(model: type[Model]) -> list[Any]:
    kinds = (models.CharField, models.TextField, models.JSONField)
    return [
        column
        for column in model._meta.concrete_fields
        if isinstance(column, kinds)
        and not isinstance(column, models.FileField)
        and not column.choices
        and f"{model.__name__}.{column.name}" not in OURS
        and not column.name.endswith(HASHES)
    ]


def _fill(planted: Planted, model: type[Model], column: Any) -> None:
    name = f"{model.__name__}.{column.name}"
    for pk, before in model._default_manager.values_list("pk", column.name):
        if isinstance(column, models.JSONField):
            after = _in_place_of(before, planted, name)
        elif before or name in FILLED:
            after = planted.text(
                name, MOST_OF_ADDRESS if isinstance(column, models.EmailField) else column.max_length
            )
        else:
            continue
        model._default_manager.filter(pk=pk).update(**{column.name: after})


def _in_place_of(value: Any, planted: Planted, name: str) -> Any:
    """JSON of the same shape, its texts and words replaced."""
    if isinstance(value, dict):
        return {planted.text(name): _in_place_of(each, planted, name) for each in value.values()}
    if isinstance(value, list):
        return [_in_place_of(each, planted, name) for each in value]
    return planted.text(name) if isinstance(value, str) else value
