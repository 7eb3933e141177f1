"""Puts the rows of a backup into a database, in one transaction: whole, or as it was before."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text, update

from backhaul.backup.dump import FOLDER, all_tables, our_tables, read_rows, sealed_in
from backhaul.backup.manifest import BackupBroken, Manifest
from inventory.outbox import MessageState, NoticeState, lanes, messages, notices
from inventory.registry import schema
from inventory.registry.audit import CLI, record
from inventory.registry.scope import SERVICE, Transaction
from inventory.registry.tables import alert_counter, isp_revisions, restores
from inventory.vault import SealBroken, Vault, device_secret, user_secret

_AT_ONCE = 500

# What the lost tables may have finished since the backup.
_OPEN = (NoticeState.HELD, NoticeState.PENDING, NoticeState.SENDING, NoticeState.UNKNOWN)

# Whoever follows the alerts asks for numbers above the last he saw: those of the lost tables are passed by.
_NUMBERS_AHEAD = 1_000_000_000


def check_rows(folder: Path, manifest: Manifest, vault: Vault | None) -> None:
    """Read every row and open every secret, and change nothing. Raises BackupBroken that says what to do."""
    for table, expected in manifest.tables.items():
        count = 0
        for row in read_rows(_file(folder, table)):
            count += 1
            for name, sealed in sealed_in(table, row):
                _check_opens(table, row, name, sealed, vault)
        if count != expected:
            raise BackupBroken(f"{_file(folder, table)} has {count} rows, not {expected}; take another backup")


def in_use(engine: Engine) -> str | None:
    """Who else has the database open, in words; None when nobody has."""
    if engine.dialect.name == "sqlite":
        return _sqlite_in_use(Path(engine.url.database or ""))
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
    )
    with engine.connect() as connection:
        count = connection.execute(others).scalar_one()
    return f"{count} connection(s) to it are open" if count else None


@dataclass(frozen=True, slots=True)
class Terms:
    """How a backup is put in place.

    `app_role` works with the tables afterwards (PostgreSQL). `stopped_at` (Unix seconds): until then people were told
    by the tables that are lost. `over_newer`: the database may be of a newer version, so every table goes; else what is
    not ours stays.
    """

    app_role: str | None
    stopped_at: float | None
    over_newer: bool


def load(engine: Engine, folder: Path, manifest: Manifest, terms: Terms) -> int:
    """Replace what the database holds by the backup, brought up to this version; returns how many notices are in doubt.

    Raises sqlalchemy.exc.SQLAlchemyError for a database that does not do it.
    """
    with schema.changing(engine) as connection:
        _empty(connection, all_tables(connection) if terms.over_newer else our_tables(connection))
        schema.upgrade(connection, to=manifest.step)
        for table in our_tables(connection):
            if table.name in manifest.tables:
                _fill(connection, table, read_rows(_file(folder, table.name)))
        schema.bring_up(connection, terms.app_role)
        return _begin_anew(connection, manifest, terms.stopped_at)


def _empty(connection: Connection, tables: Sequence[Table]) -> None:
    """Take them out, whatever step they are of."""
    if connection.dialect.name == "postgresql":
        _drop_policies(connection, {table.name for table in tables})
    for table in reversed(tables):
        table.drop(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _drop_policies(connection: Connection, ours: set[str]) -> None:
    """A policy may ask another table, which then cannot go."""
    quote = connection.dialect.identifier_preparer.quote
    policies = text("SELECT policyname, tablename FROM pg_policies WHERE schemaname = current_schema()")
    for policy, table in connection.execute(policies).all():
        if table in ours:
            connection.execute(text(f"DROP POLICY {quote(policy)} ON {quote(table)}"))


def _fill(connection: Connection, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
    connection.execute(delete(table))  # what a step put there itself
    while chunk := list(islice(rows, _AT_ONCE)):
        connection.execute(insert(table), chunk)
    if connection.dialect.name == "postgresql" and "id" in table.c:
        _count_on(connection, table)


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL give out ids above those that are there."""
    asked = text("SELECT pg_get_serial_sequence(:table, 'id')")
    sequence = connection.execute(asked, {"table": table.name}).scalar_one()
    highest = connection.execute(select(func.max(table.c.id))).scalar_one() if sequence is not None else None
    if highest is not None:
        connection.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})


def _begin_anew(connection: Connection, manifest: Manifest, stopped_at: float | None) -> int:
    """Put in doubt what was under way, and say in the audit what was done."""
    now = time.time()
    connection.execute(update(lanes).values(lease_owner=None, lease_until=0.0, next_at=0.0))
    lost = messages.c.state.in_((MessageState.SENDING, MessageState.UNKNOWN))
    ended: dict[str, Any] = {"state": MessageState.FAILED, "reason": "restored", "finished_at": now}
    connection.execute(update(messages).where(lost).values(**ended))
    still = notices.c.state.in_(_OPEN)
    by_mail = {"state": NoticeState.FAILED, "reason": "restored", "finished_at": now}
    connection.execute(update(notices).where(still, notices.c.fell_back).values(**by_mail))
    doubt: dict[str, Any] = {"state": NoticeState.UNKNOWN, "reason": "restored", "message_id": None}
    doubtful = connection.execute(update(notices).where(still).values(**doubt, queued_at=now, due_at=now)).rowcount
    connection.execute(delete(restores))
    row = {"id": 1, "backup_at": manifest.taken_at, "stopped_at": stopped_at, "restored_at": now}
    connection.execute(insert(restores).values(row))
    connection.execute(update(alert_counter).values(changed=alert_counter.c.changed + _NUMBERS_AHEAD))
    connection.execute(update(isp_revisions).values(revision=isp_revisions.c.revision + 1))
    told = {"taken_at": manifest.taken_at, "version": manifest.version, "step": manifest.step}
    record(Transaction(connection, SERVICE), CLI, "restore", "backup", "all", told)
    return int(doubtful)


def _check_opens(table: str, row: Mapping[str, Any], name: str, sealed: str, vault: Vault | None) -> None:
    bound_to = device_secret(row["device"], name) if table == "device" else user_secret(row["id"])
    if vault is None:
        key = sealed.split(".")[1][:16]
        raise BackupBroken(f"BACKHAUL_SECRET_KEY is not set: the backup's secrets are sealed with key {key}; set it")
    try:
        vault.open(sealed, bound_to)
    except SealBroken as error:
        raise BackupBroken(f"{bound_to} of the backup does not open: {error}; set the key of that time") from None


def _file(folder: Path, table: str) -> Path:
    return folder / FOLDER / f"{table}.jsonl.gz"


def _sqlite_in_use(path: Path) -> str | None:
    """Only who is alone with a file may change the mode of its journal: https://www.sqlite.org/wal.html, 3.3."""
    if not path.is_file():
        return None
    with closing(sqlite3.connect(path, timeout=0.5)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "wal"
    return f"another program has {path} open" if mode == "wal" else None
