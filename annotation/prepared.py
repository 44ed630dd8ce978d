"""Statements that every rating asks, written once. Django takes longer to write them than the database to answer.

What is built stays a QuerySet where it is read. On PostgreSQL the server, too, plans each only once a connection.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from select import POLLIN, poll
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import DeleteQuery, Query, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from psycopg.types.numeric import Int8

Value = int | str | UUID | datetime | timedelta
Cursor = CursorWrapper | psycopg.Cursor[Any]
Row = tuple[Any, ...]
Record = TypeVar("Record", bound=models.Model)

AS_TEXT = int | float | str | UUID | datetime  # what PostgreSQL reads as Python writes it, True and False, too
FEW = 20  # records: a statement for each number of them is kept
NOTHING = 0  # the primary key that no row has
FIRST_NUMBER = 9_000_000_000_000_000_000  # larger than any primary key, and still a number for every database
FIELDS: dict[type, "models.Field[Any, Any]"] = {
    int: models.BigIntegerField(),
    str: models.TextField(),
    UUID: models.UUIDField(),
    datetime: models.DateTimeField(),
    timedelta: models.DurationField(),
}


class Written(NamedTuple):
    """A statement: its parameters, and at which of them which of the values belongs, `(place, value's number)`."""

    sql: str
    parameters: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]
    compiler: SQLCompiler


class Prepared:
    """A query by `build(*values)`, a QuerySet of `values_list`; called with other values of the same types, it
    gives the rows without asking Django for the SQL again. Not for values that change the SQL, None among them.

    Rows come as the database gives them: numbers, texts, times and, on SQLite, 0 and 1 for booleans.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        self.build = build
        self.written = lru_cache(maxsize=8)(self._write)

    def __call__(self, *values: Value) -> list[Row]:
        with _execute(self.written(*map(type, values)), values) as cursor:
            return cursor.fetchall()

    def _write(self, *types: type) -> Written:
        return _write(lambda *stand_ins: self.build(*stand_ins).query, types)


class PreparedModels(Generic[Record]):
    """The same of a QuerySet of models, `select_related` included: gives the records."""

    def __init__(self, build: Callable[..., "QuerySet[Record]"]) -> None:
        self.build = build
        self.written = lru_cache(maxsize=8)(self._write)

    def __call__(self, *values: Value) -> list[Record]:
        written, make = self.written(*map(type, values))
        with _execute(written, values) as cursor:
            return make(cursor.fetchall())

    def first(self, *values: Value) -> Record | None:
        """The first record, None where there is none; for queries that give one at most."""
        return next(iter(self(*values)), None)

    def _write(self, *types: type) -> tuple[Written, Callable[[list[Row]], list[Record]]]:
        written = _write(lambda *stand_ins: self.build(*stand_ins).query, types)
        return written, _maker(written.compiler)


class PreparedWrite:
    """An UPDATE or DELETE of one table, as `changing` or `deleting` give it; called, it counts the rows."""

    def __init__(self, build: Callable[..., Query]) -> None:
        self.build = build
        self.written = lru_cache(maxsize=8)(self._write)

    def __call__(self, *values: Value) -> int:
        with _execute(self.written(*map(type, values)), values) as cursor:
            return cursor.rowcount

    def _write(self, *types: type) -> Written:
        return _write(self.build, types)


class PreparedChange(PreparedModels[Record]):
    """The same, called, gives the records: as they are after an UPDATE, as they were before a DELETE."""

    def __init__(self, build: Callable[..., Query]) -> None:
        super().__init__(build)  # type: ignore[arg-type]

    def _write(self, *types: type) -> tuple[Written, Callable[[list[Row]], list[Record]]]:
        written = _write(self.build, types)  # type: ignore[arg-type]
        records = written.compiler.query.model._base_manager.all().query.get_compiler(connection=connection)  # type: ignore[union-attr]
        records.as_sql()
        columns = ", ".join(f'"{expression.target.column}"' for expression, *_ in records.select)
        return written._replace(sql=f"{written.sql} RETURNING {columns}"), _maker(records)


def insert(*records: models.Model) -> None:
    """What `bulk_create(records)` does to new records, of one table and of plain values."""
    here = connections[DEFAULT_DB_ALIAS]
    if not records:
        return
    if here.vendor != "postgresql" or len(records) > FEW:
        type(records[0])._base_manager.bulk_create(records)
    else:
        _insert(here, records, *_insertion(type(records[0]), len(records)))


def upsert(*records: models.Model, by: str, columns: tuple[str, ...]) -> None:
    """The same, one or more; where a row has the same `by`, it takes these `columns` instead."""
    here = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "postgresql" or len(records) > FEW:
        type(records[0])._base_manager.bulk_create(
            records, update_conflicts=True, unique_fields=[by], update_fields=columns
        )
    else:
        _insert(here, records, *_insertion(type(records[0]), len(records), by, columns))


def _insert(
    here: BaseDatabaseWrapper, records: Sequence[models.Model], sql: str, fields: "list[models.Field[Any, Any]]"
) -> None:
    """Every value goes as text: of a number its smallest type would be taken, and a plan made for each."""
    values = [field.get_db_prep_save(field.pre_save(one, True), here) for one in records for field in fields]
    texts = [str(value) if isinstance(value, AS_TEXT) else value for value in values]
    for record, (pk,) in zip(records, _run(here, sql, texts).fetchall(), strict=True):
        record.pk = pk
        record._state.adding, record._state.db = False, here.alias


@lru_cache
def _insertion(
    model: type[models.Model], count: int, by: str = "", columns: tuple[str, ...] = ()
) -> tuple[str, "list[models.Field[Any, Any]]"]:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    rows = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    taken = ", ".join('"{0}" = EXCLUDED."{0}"'.format(model._meta.get_field(name).column) for name in columns)  # type: ignore[union-attr]
    instead = f'ON CONFLICT ("{model._meta.get_field(by).column}") DO UPDATE SET {taken}' if by else ""  # type: ignore[union-attr]
    sql = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {rows} {instead} RETURNING "id"'  # noqa: S608 (our names)
    return sql, fields


def changing(queryset: "QuerySet[Any, Any]", **columns: Any) -> Query:
    """What `queryset.update(**columns)` would do."""
    query: UpdateQuery = queryset.query.chain(UpdateQuery)  # type: ignore[assignment]
    query.add_update_values(columns)
    return query


def deleting(queryset: "QuerySet[Any, Any]") -> Query:
    """Removes these rows and nothing else: for records that no other record points to."""
    return queryset.query.chain(DeleteQuery)


def _write(build: Callable[..., Query], types: Sequence[type]) -> Written:
    stand_ins = [_stand_in(one, number) for number, one in enumerate(types)]
    compiler = build(*stand_ins).get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    adapted = [_adapted(one) for one in stand_ins]
    places = tuple((place, adapted.index(one)) for place, one in enumerate(parameters) if one in adapted)
    lost = set(range(len(types))) - {number for _, number in places}
    if lost:  # the stand-in itself would be asked for
        raise TypeError(f"values {sorted(lost)} do not stand in the statement as they are: {sql}")
    return Written(sql, tuple(parameters), places, compiler)


def _stand_in(kind: type, number: int) -> Value:
    """A value that stands in for another one while the SQL is written; nothing else looks like it."""
    nth = FIRST_NUMBER + number
    if kind is datetime:
        return datetime(9000, 1, 1, tzinfo=UTC) + timedelta(days=number)
    if kind is timedelta:
        return timedelta(days=9000 + number)
    return UUID(int=nth) if kind is UUID else f"stand-in {nth}" if kind is str else nth


def _adapted(value: Value) -> Any:
    """As a parameter of this database's."""
    return FIELDS[type(value)].get_db_prep_value(value, connection)


def _execute(written: Written, values: Sequence[Value]) -> Cursor:
    here = connections[DEFAULT_DB_ALIAS]
    is_postgresql = here.vendor == "postgresql"
    parameters = list(written.parameters)
    for place, number in written.places:
        value = values[number]
        if not is_postgresql:
            parameters[place] = _adapted(value)
        else:  # as it is; of a number its smallest type would be taken, and a plan made for each
            parameters[place] = Int8(value) if type(value) is int else value
    return _run(here, written.sql, parameters)


def _run(here: BaseDatabaseWrapper, sql: str, parameters: list[Any]) -> Cursor:
    """On PostgreSQL a statement that the server keeps with its plan while the connection lasts.

    There it is psycopg's own cursor with what Django's does before each statement; only where statements are
    logged or counted, and on SQLite, it is Django's.
    """
    if here.vendor != "postgresql" or here.queries_logged or here.execute_wrappers:
        cursor = here.cursor()
        cursor.execute(sql, parameters)
        return cursor
    _check(here)
    here.ensure_connection()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors:
        return psycopg.Cursor(here.connection).execute(sql, parameters, prepare=True)


def _check(here: Any) -> None:
    """Django's question, once a request, whether the kept connection still lives; not asked where nothing came.

    A server that went away has closed the connection, and said so.
    """
    kept = here.connection
    if kept is not None and not kept.closed and here.health_check_enabled and not here.health_check_done:
        heard = poll()
        heard.register(kept.fileno(), POLLIN)
        here.health_check_done = not heard.poll(0)
    here.close_if_health_check_failed()


def _maker(compiler: SQLCompiler) -> Callable[[list[Row]], list[Any]]:
    """Makes records of rows, as iterating over the QuerySet would."""
    model, fields = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    own = slice(fields[0], fields[-1] + 1)
    names = [expression.target.attname for expression, *_ in compiler.select[own]]
    related = get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
    converters = compiler.get_converters([expression for expression, *_ in compiler.select])

    def make(row: Any) -> Any:
        record = model.from_db(DEFAULT_DB_ALIAS, names, row[own])
        for each in related:
            each.populate(row, record)
        return record

    return lambda rows: [make(row) for row in compiler.apply_converters(rows, converters)]
