"""Opens the SQL database: SQLite embedded, PostgreSQL in production, told apart by the URL alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from inventory.settings import SettingError, setting

DEFAULT_DATABASE_URL = "sqlite:///var/backhaul.db"

# How long a writer waits for another one, seconds. Ours hold the lock for milliseconds; Alertmanager gives a request
# up after 10 s, and should have heard "not committed" by then.
SQLITE_BUSY_SECONDS = 5.0

# How long PostgreSQL may take to answer a connection, and a dead network to be noticed on one that is open, seconds:
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
POSTGRESQL_CONNECT_SECONDS = 5
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}


def database_url(environ: Mapping[str, str]) -> str:
    """Where registry and outbox are: BACKHAUL_DATABASE_URL, or the default. Raises SettingError as `setting` does."""
    return setting(environ, "BACKHAUL_DATABASE_URL") or DEFAULT_DATABASE_URL


def open_database(url: str, context: str | None = None, *, pool_size: int = 20) -> Engine:
    """An engine for `url`. SQLite gets its folder, WAL, full durability and transactions that lock at once.

    `context` is what row-level security in PostgreSQL takes every transaction for that says nothing else of itself:
    `service` sees everything, none sees nothing. Errors say the statement and not its values: they reach the log.
    Raises SettingError when the URL is not one of SQLite's or PostgreSQL's.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed, context, pool_size)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, connect_args={"timeout": SQLITE_BUSY_SECONDS}, pool_size=pool_size, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _open_postgresql(url: URL, context: str | None, pool_size: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=pool_size,
        hide_parameters=True,
        connect_args={"connect_timeout": POSTGRESQL_CONNECT_SECONDS, **_KEEPALIVE},
    )

    def say_who(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT set_config('app.context', %s, true)", (context,))

    if context is not None:
        event.listen(engine, "begin", say_who)
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:  # its text would repeat the URL, and with it a password
        raise SettingError("BACKHAUL_DATABASE_URL is not a URL; expected sqlite:///FILE or postgresql://...") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingError(
            f'BACKHAUL_DATABASE_URL: "{parsed.drivername}" is not supported; expected sqlite:///FILE or postgresql://...'
        )
    return parsed


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Python's sqlite3 opens transactions by itself, and too late, unless isolation_level is None:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # a commit that was answered survives a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once (SQLITE_BUSY, no waiting) when another
    # wrote in between; taking the write lock first makes it wait instead. Who says that he only reads waits for nobody.
    only_reads = connection.get_execution_options().get("backhaul_read_only", False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
