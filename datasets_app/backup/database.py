"""The database as one file, and back: by pg_dump and pg_restore, or by SQLite's own backup."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

DUMP = {"postgresql": "database.pgdump", "sqlite": "database.sqlite3"}


class BackupError(Exception):
    """A backup cannot be made or taken back; the message is a sentence for people."""


@contextmanager
def one_moment() -> Iterator[str]:
    """All queries inside see the database as it is at the start; yields PostgreSQL's name for that moment.

    It may wait as long as a dump takes, longer than others may. On SQLite others cannot write meanwhile.
    """
    with transaction.atomic():
        moment = ""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                cursor.execute("SELECT pg_export_snapshot()")
                moment = cursor.fetchone()[0]
        yield moment


def dump(folder: Path, moment: str) -> None:
    """Write the database of that moment into the folder. Raises BackupError."""
    target = folder / DUMP[connection.vendor]
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format", "custom", "--snapshot", moment, "--file", str(target))
        return
    with closing(sqlite3.connect(target)) as copy:
        with closing(sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True)) as source:
            source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def load(folder: Path) -> None:
    """Replace all tables by those of the dump, which come whole or not at all. Raises BackupError."""
    source = folder / DUMP[connection.vendor]
    if connection.vendor == "postgresql":
        _drop_all()
        connection.close()
        _run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(source))
        return
    connection.close()
    ours = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(source)) as saved, closing(sqlite3.connect(ours)) as now:
        saved.backup(now)


def _drop_all() -> None:
    """Tables, and the functions of their triggers; what extensions brought stays."""
    tables = [connection.ops.quote_name(name) for name in connection.introspection.table_names()]
    with transaction.atomic(), connection.cursor() as cursor:
        if tables:
            cursor.execute(f"DROP TABLE {', '.join(tables)} CASCADE")
        cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function}")


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs on our database; the password goes by the environment."""
    path = shutil.which(program)
    if path is None:
        raise BackupError(f"{program} is not on PATH: install PostgreSQL's client programs.")
    where, more = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    *address, name = where[1:]
    done = subprocess.run(  # noqa: S603
        [path, *address, "--dbname", name, "--no-password", *arguments],
        env=os.environ | (more or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program}: {done.stderr.strip() or f'status {done.returncode}'}")
