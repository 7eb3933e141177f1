"""Puts notices into the outbox: each once, with the lane it will be sent on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from inventory.outbox import lanes, notices

_UNIQUE = ("fingerprint", "starts_at", "status", "recipient", "channel")


def add_notices(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert notices and the lanes they need; those that exist are left alone."""
    connection.execute(insert_new(connection, notices, _UNIQUE), rows)
    needed = {(row["channel"], row["recipient"]) for row in rows}
    fresh = [{"channel": channel, "recipient": who, "next_at": 0.0, "lease_until": 0.0} for channel, who in needed]
    connection.execute(
        insert_new(connection, lanes, ("channel", "recipient")), sorted(fresh, key=lambda f: f["recipient"])
    )


def insert_new(connection: Connection, table: Table, unique: Iterable[str]) -> Insert:
    """INSERT ... ON CONFLICT DO NOTHING, in the words of the database at hand."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(unique))
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(unique))
