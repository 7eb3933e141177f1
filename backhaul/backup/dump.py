"""Writes the rows of the registry and the outbox into files: the same for SQLite and PostgreSQL, without their tools.

One file for each table, a JSON array a line: the names of the columns, then the rows. All of one moment, while the
services go on. A backup of one database so restores into the other.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, inspect, select

from backhaul.backup.manifest import BackupBroken, private
from inventory.registry import schema
from inventory.registry.scope import SERVICE, Registry
from inventory.settings import SettingError

FOLDER = "database"

# Who is logged in, and who failed to: nobody is logged in by a backup. They log in anew.
LEFT_OUT = frozenset({"session", "login_link", "login_failure"})

_AT_ONCE = 1000
_BYTES = "base64"


@dataclass(slots=True)
class Dumped:
    """The last step of the database, rows by table, and the names of the keys its secrets are sealed with."""

    step: str
    tables: dict[str, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


def dump(registry: Registry, folder: Path) -> Dumped:
    """Write all tables below `folder`. Raises SettingError for a database without ours, or of a newer version."""
    (folder / FOLDER).mkdir(mode=0o700)
    with registry.read(SERVICE) as tx:
        step = schema.current_step(tx.connection)
        if step is None:
            raise SettingError("BACKHAUL_DATABASE_URL: that database holds nothing of Backhaul; is it the right one?")
        if step not in schema.steps_known():
            raise SettingError(f"the database is of a newer version (step {step}); use the Backhaul that made it")
        dumped = Dumped(step)
        for table in our_tables(tx.connection):
            if table.name not in LEFT_OUT:
                path = folder / FOLDER / f"{table.name}.jsonl.gz"
                dumped.tables[table.name] = _write(path, table, _rows(tx.connection, table, dumped.keys))
    return dumped


def our_tables(connection: Connection) -> list[Table]:
    """Our tables as the database has them, each after those it refers to."""
    ours = {table.name for metadata in schema.METADATA for table in metadata.tables.values()}
    found = MetaData()
    found.reflect(connection, only=sorted(ours & set(inspect(connection).get_table_names())))
    return found.sorted_tables


def all_tables(connection: Connection) -> list[Table]:
    """Every table: which of them are Backhaul's only the version knows that made them."""
    found = MetaData()
    found.reflect(connection)
    return found.sorted_tables


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table's file. Raises BackupBroken for what is none."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            names = json.loads(next(lines))
            for line in lines:
                yield dict(zip(names, (_value(cell) for cell in json.loads(line)), strict=True))
    except (OSError, EOFError, ValueError, StopIteration) as error:
        raise BackupBroken(f"{path} cannot be read ({type(error).__name__}); take another backup") from None


def sealed_in(table: str, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each sealed text of a row, with what it belongs to: (`password` or the like, sealed)."""
    if table == "device":
        for name, secret in (row["secrets"] or {}).items():
            yield name, secret["sealed"]
    if table == "user_account" and row["totp_sealed"]:
        yield "totp", row["totp_sealed"]


def _rows(connection: Connection, table: Table, keys: set[str]) -> Iterator[Mapping[str, Any]]:
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(query).mappings():
        keys.update(sealed.split(".")[1] for _, sealed in sealed_in(table.name, dict(row)))
        yield dict(row)


def _write(path: Path, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    names, count = [column.name for column in table.columns], 0
    with (
        private(path) as descriptor,
        os.fdopen(os.dup(descriptor), "wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=5) as out,
    ):
        out.write(f"{json.dumps(names)}\n".encode())
        for row in rows:
            out.write(json.dumps([_cell(row[name]) for name in names]).encode() + b"\n")
            count += 1
    return count


def _cell(value: Any) -> Any:
    return {_BYTES: base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(cell: Any) -> Any:
    if isinstance(cell, dict) and cell.keys() == {_BYTES}:
        return base64.b64decode(cell[_BYTES])
    return cell
