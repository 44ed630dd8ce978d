"""Take a backup back into an installation that holds nothing yet: checked first, then files, then the database."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from datasets_app.backup.back_up import BackUp, places, put, read_facts
from datasets_app.backup.database import DUMP, BackupError, load
from datasets_app.disk import sync
from datasets_app.releases.release_manifest import MANIFEST, Progress, differences, read_manifest

# What `migrate` itself writes into an empty database.
OF_MIGRATE = {"contenttypes.ContentType", "auth.Permission"}


def restore(source: Path, *, link: bool = False, progress: Progress = lambda done, total: None) -> BackUp:
    """Bring back everything, and migrate it to this code. Raises BackupError, before anything is changed or after.

    `progress` hears of bytes read by the check, and of all there are.
    """
    facts = read_facts(source)
    _refuse_what_does_not_fit(facts)
    _refuse_full_installation(source)
    if wrong := differences(source, progress=progress):
        raise BackupError(f"{source} is damaged: {'; '.join(wrong[:10])}")
    made = BackUp(rows=sum(facts["rows"].values()))
    for name, (_, size) in read_manifest(source / MANIFEST).items():
        place, _, below = name.partition("/")
        if place not in places():
            continue
        target = places()[place] / below
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # of a restore that was killed
        put(source / name, target, link=link)
        sync(target)
        made.files, made.bytes = made.files + 1, made.bytes + size
    load(source)
    _compare(facts["rows"])
    call_command("migrate", interactive=False, verbosity=0)
    return made


def _refuse_what_does_not_fit(facts: dict[str, Any]) -> None:
    if facts["engine"] not in DUMP or facts["engine"] != connection.vendor:
        raise BackupError(f"The backup is of {facts['engine']}, DATABASE_URL names {connection.vendor}.")
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    newer = [f"{app}.{name}" for app, name in facts["migrations"] if (app, name) not in known]
    if newer:
        raise BackupError(f"The backup is of newer code than this; unknown here: {', '.join(newer)}.")


def _refuse_full_installation(source: Path) -> None:
    """Raises BackupError where there is a row, or a file that a restore which was killed did not leave."""
    tables = set(connection.introspection.table_names())
    for model in apps.get_models():
        is_ours = model._meta.label not in OF_MIGRATE and model._meta.db_table in tables
        if is_ours and model._base_manager.exists():
            raise BackupError(f"The database is not empty: it holds {model._meta.verbose_name_plural}.")
    for place, root in places().items():
        for path in root.rglob("*"):
            if path.is_file() and not (source / place / path.relative_to(root)).is_file():
                raise BackupError(f"{root} is not empty: it holds {path.relative_to(root)}.")


def _compare(expected: dict[str, int]) -> None:
    """Raises BackupError where a table has not the rows that were counted when it was saved."""
    with connection.cursor() as cursor:
        for table, rows in expected.items():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found = cursor.fetchone()[0]
            if found != rows:
                raise BackupError(f"{table} has {found} rows, {rows} were saved.")
