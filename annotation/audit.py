"""The audit log's one entrance: the functions that act call `record` where they act, in their transaction.

What raters do to their own ratings is not written here: a rating's versions are its log.
"""

import getpass

from annotation.models import AuditEntry, AuditKind, Project, User

LOGINS = (AuditKind.LOGGED_IN, AuditKind.LOGIN_REFUSED)
LONGEST = 300  # characters of a subject and of a value


def record(
    kind: AuditKind,
    *,
    by: User | None,
    project: Project | None = None,
    person: User | None = None,
    subject: str = "",
    **details: object,
) -> AuditEntry:
    """Note what was done. `by` None: a command, and its shell user is noted (a login: somebody unknown).

    `details` are plain values; long texts are cut. One insert.
    """
    return AuditEntry.objects.create(
        kind=kind,
        project=project,
        project_slug=project.slug if project else "",
        actor=by,
        shell_user="" if by or kind in LOGINS else _shell_user(),
        person=person,
        subject=subject[:LONGEST],
        details={name: _plain(value) for name, value in details.items()},
    )


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)[:LONGEST]


def _shell_user() -> str:
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError):  # a container's user need not have a name
        return "?"
