"""An entry of the audit log in words for people, and as a row of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import AuditEntry, AuditKind, Order, ReturnReason, Role
from annotation.projects.forms import SettingsForm

HEADER = ("at", "what", "project", "by", "person", "subject", "details")
# What details are called. A name that is not here is shown as it is.
NAMES: dict[str, str | Promise] = {
    **SettingsForm.Meta.labels,
    "address": gettext_lazy("from"),
    "by_link": gettext_lazy("by a link in a mail"),
    "changed": gettext_lazy("changed"),
    "characters": gettext_lazy("characters"),
    "daily_cap": gettext_lazy("videos a day"),
    "folder": gettext_lazy("folder"),
    "formats": gettext_lazy("formats"),
    "manifest_sha256": gettext_lazy("manifest’s sha256"),
    "prompt_sha256": gettext_lazy("prompt’s sha256"),
    "ratings": gettext_lazy("ratings"),
    "reason": gettext_lazy("reason"),
    "removed": gettext_lazy("removed"),
    "role": gettext_lazy("role"),
    "scores": gettext_lazy("scores"),
    "sha256": gettext_lazy("sha256"),
    "suggester": gettext_lazy("suggester"),
    "version": gettext_lazy("version"),
    "videos": gettext_lazy("videos"),
    "wrong_tries": gettext_lazy("wrong tries before"),
}
NOTHING = "–"
CHOSEN = {value: label for choices in (Role, Order, ReturnReason) for value, label in choices.choices}


@dataclass(frozen=True)
class Line:
    """One entry. `details` are short sentences."""

    entry: AuditEntry
    by: str
    person: str
    details: list[str]

    @property
    def what(self) -> str:
        return str(AuditKind(self.entry.kind).label)


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    return [line_of(entry) for entry in entries]


def line_of(entry: AuditEntry) -> Line:
    person = entry.person.username if entry.person else _gone(entry.person_id)
    own = entry.person_id == entry.actor_id and not entry.project_id  # of their own account
    return Line(entry, _by(entry), "" if own else person, list(_details(entry)))


def table_rows(entries: Iterable[AuditEntry]) -> Iterator[tuple[str, ...]]:
    """Rows under `HEADER`."""
    for entry in entries:
        line = line_of(entry)
        yield (
            entry.at.isoformat(timespec="seconds"), entry.kind, entry.project_slug, line.by, line.person,
            entry.subject, "; ".join(line.details),
        )  # fmt: skip


def _by(entry: AuditEntry) -> str:
    if entry.actor_id:
        return entry.actor.username if entry.actor else _gone(entry.actor_id)
    return _("command line (%s)") % entry.shell_user if entry.shell_user else _("somebody unknown")


def _gone(pk: int | None) -> str:
    return _("account %d") % pk if pk else ""


def _details(entry: AuditEntry) -> Iterator[str]:
    for name, value in entry.details.items():
        if name == "changes":
            yield from (f"{_named(what)}: {_said(old)} → {_said(new)}" for what, old, new in value)
        elif value not in (False, "", None):
            yield _named(name) if value is True else f"{_named(name)}: {_said(value)}"


def _named(name: str) -> str:
    return str(NAMES.get(name, name))


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or value == "":
        return NOTHING
    return str(CHOSEN.get(str(value), value))
