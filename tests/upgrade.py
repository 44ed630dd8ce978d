"""`python -m tests.upgrade STEPS`: an older database with rows in every table, migrated to this code.

Run on an empty database. It is first brought to where each of our apps was STEPS migrations ago (or to its first
one), gets a row or two in every table of that time, and is then migrated as an installation is. Each row must be
there afterwards with the same values. Prints one JSON object: where it began, how many rows, and what is wrong.
"""

import json
import sys
from datetime import UTC, date, datetime, time
from typing import Any

import django
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from annotation.scale import DIMENSION_KEYS

OURS = ("annotation", "scoring", "datasets")
ROWS = 2
# Where a constraint wants more than a field says.
VALUES: dict[str, dict[str, Any]] = {
    "annotation.video": {"original": "videos/x.mp4"},
    "annotation.review": {"decision": "fix", "preset": ""},
    "annotation.reviewcase": {"flagged": True},
    "annotation.editedrationale": {"rating_id": 1},
}
# Columns that a migration changes on purpose.
CHANGED = {
    "datasets_release.settings",  # 0003: one format became a list of formats
}


def steps_back(loader: MigrationLoader, steps: int) -> list[tuple[str, str]]:
    """For each of our apps the migrations that many steps before its newest, or its first ones."""
    found: list[tuple[str, str]] = []
    for app in OURS:
        nodes = loader.graph.leaf_nodes(app)
        for _ in range(steps):
            before = {
                parent.key
                for node in nodes
                for parent in loader.graph.node_map[node].parents
                if parent.key[0] == app
            }
            nodes = sorted(before) or nodes
        found += nodes
    return found


def fill(apps: Apps) -> None:
    """Rows in every table of ours, each pointing at rows of the others."""
    made: dict[str, list[models.Model]] = {}
    waiting = [model for model in apps.get_models() if model._meta.app_label in OURS]
    while waiting:
        ready = [model for model in waiting if _needs(model) <= made.keys()]
        assert ready, f"in a circle: {waiting}"
        for model in ready:
            rows = [_row(model, number, made) for number in range(1, ROWS + 1)]
            made[model._meta.label_lower] = rows
            waiting.remove(model)
    for rows in made.values():
        for field in rows[0]._meta.local_many_to_many:
            others = made.get(field.related_model._meta.label_lower, [])
            getattr(rows[0], field.name).add(*others)


def _needs(model: type[models.Model]) -> set[str]:
    """The tables that a row must point at."""
    return {
        field.related_model._meta.label_lower
        for field in model._meta.concrete_fields
        if field.remote_field and not field.null
    }


def _row(model: type[models.Model], number: int, made: dict[str, list[models.Model]]) -> models.Model:
    values = {
        field.name: _value(field, number, made)
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.null and not field.has_default() and not _sets_itself(field)
    }
    scores = {field.name: 3 for field in model._meta.concrete_fields if field.name in DIMENSION_KEYS}
    row = model(**values | scores | VALUES.get(model._meta.label_lower, {}))
    row.save()
    return row


def _sets_itself(field: models.Field) -> bool:
    return getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False)


def _value(field: models.Field, number: int, made: dict[str, list[models.Model]]) -> Any:
    """Something that fits the field, another for each row."""
    if field.remote_field:
        return made[field.related_model._meta.label_lower][number - 1]
    if field.choices:
        return next(value for value, _ in field.flatchoices if value not in ("", None))
    if isinstance(field, models.DateTimeField):
        return datetime(2026, 11, number, tzinfo=UTC)
    if isinstance(field, models.DateField):
        return date(2026, 11, number)
    if isinstance(field, models.TimeField):
        return time(number)
    if isinstance(field, models.BooleanField):
        return number % 2 == 0
    if isinstance(field, models.IntegerField | models.FloatField | models.DecimalField):
        return 1 if isinstance(field, models.FloatField) else number
    if isinstance(field, models.JSONField):
        return {"number": number}
    if isinstance(field, models.EmailField):
        return f"person-{number}@example.org"
    return f"{field.name}-{number}"[: field.max_length or 100]


def snapshot() -> dict[str, dict[int, dict[str, Any]]]:
    """Every row of our tables as the database has it: table -> primary key -> column -> value."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.split("_")[0] not in OURS:
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            found[table] = {row["id"]: row for row in rows}
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a row has lost: itself, or a value of a column that is still there."""
    wrong = []
    for table, rows in before.items():
        for pk, row in rows.items():
            now = after.get(table, {}).get(pk)
            if now is None:
                wrong.append(f"{table} {pk} is gone")
                continue
            for column, value in row.items():
                if column in now and now[column] != value and f"{table}.{column}" not in CHANGED:
                    wrong.append(f"{table} {pk}: {column} was {value!r}, is {now[column]!r}")
    return wrong


def main(steps: int) -> None:
    executor = MigrationExecutor(connection)
    start = steps_back(executor.loader, steps)
    state = executor.migrate(start)
    with transaction.atomic():
        fill(state.apps)
    before = snapshot()
    call_command("migrate", interactive=False, verbosity=0)
    facts = {
        "from": [f"{app}.{name}" for app, name in start],
        "rows": {table: len(rows) for table, rows in before.items()},
        "wrong": differences(before, snapshot()),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
