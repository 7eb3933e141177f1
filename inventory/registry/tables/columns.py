"""What the tables of the registry have in common: their collection, and the columns that stand in several."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String

metadata = MetaData()

# SQLite counts rows by itself only in a column that is INTEGER to the letter.
ID = BigInteger().with_variant(Integer, "sqlite")
TIME = Float(53)


def name(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """An id of the inventory: `[a-z0-9][a-z0-9-]{0,62}`."""
    return Column(name, String(63), primary_key=primary_key, nullable=nullable)


def version() -> Column[int]:
    """Counts the changes of a row: an ETag, and what a write compares before it sets."""
    return Column("version", Integer, nullable=False, default=1, server_default="1")


def position() -> Column[int]:
    """The place in its list, so that an export keeps the order of the file."""
    return Column("position", Integer, nullable=False)
