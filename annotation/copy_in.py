"""Insert many new rows at once: by COPY where the database is PostgreSQL, which takes a fraction of the time."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import DatabaseDefault


def copy_in(objects: Sequence[Model]) -> None:
    """Store objects of one model that are not stored yet; they learn their primary keys.

    Like `bulk_create`, but conflicts raise `IntegrityError`, and fields hold plain values, not expressions.
    """
    if not objects:
        return
    model = type(objects[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(objects)
        return
    _number(model, objects)
    fields = [each for each in model._meta.concrete_fields if not _is_left_to_the_database(each, objects[0])]
    table, columns = (
        connection.ops.quote_name(model._meta.db_table),
        ", ".join(f'"{each.column}"' for each in fields),
    )
    copy_rows = f"COPY {table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(copy_rows) as copy:
        for each in objects:
            copy.write_row([_value(field, each) for field in fields])
    for each in objects:
        each._state.adding, each._state.db = False, connection.alias


def _number(model: type[Model], objects: Sequence[Model]) -> None:
    key = model._meta.pk
    assert key is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, key.column, len(objects)],
        )
        for each, (number,) in zip(objects, cursor.fetchall(), strict=True):
            each.pk = number


def _is_left_to_the_database(field: "Field[Any, Any]", example: Model) -> bool:
    return isinstance(getattr(example, field.attname), DatabaseDefault)


def _value(field: "Field[Any, Any]", row: Model) -> Any:
    """The field's value as psycopg takes it: most go as they are."""
    value = field.pre_save(row, True) if getattr(field, "auto_now_add", False) else row.__dict__[field.attname]
    if value is None or type(value) in (str, int, float, bool):
        return value
    return value.value if isinstance(value, Enum) else field.get_db_prep_save(value, connection)
