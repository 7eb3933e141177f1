"""Opens the SQL database: SQLite embedded, PostgreSQL in production, told apart by the URL alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from inventory.settings import SettingError

DEFAULT_DATABASE_URL = "sqlite:///var/backhaul.db"

# How long a writer waits for another one, seconds. Ours hold the lock for milliseconds; Alertmanager gives a request
# up after 10 s, and should have heard "not committed" by then.
SQLITE_BUSY_SECONDS = 5.0


def open_database(url: str) -> Engine:
    """An engine for `url`. SQLite gets its folder, WAL, full durability and transactions that lock at once.

    Raises SettingError when the URL is not one of SQLite's or PostgreSQL's.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=20)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_SECONDS}, pool_size=20)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
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
    # wrote in between; taking the write lock first makes it wait instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
