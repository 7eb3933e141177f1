"""What every write of the registry does alike: takes its turn, compares versions, and says what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Column, ColumnElement, Insert, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from inventory.registry.scope import Transaction
from inventory.registry.tables import isp_revisions

P = ParamSpec("P")
R = TypeVar("R")


class Refused(Exception):
    """A write that cannot be done as asked; the text says why, for people."""


class Conflict(Refused):
    """Somebody else was faster: the version is another one, or the thing is gone."""


class Taken(Refused):
    """The id is in use: ids are unique per kind in one installation."""


class InUse(Refused):
    """Something else still needs it."""


class Gone(Refused):
    """Something it names is not there any more."""


def whole(write: Callable[Concatenate[Transaction, P], R]) -> Callable[Concatenate[Transaction, P], R]:
    """Let a write that raises leave nothing behind, so that the transaction may go on after a refusal."""

    @wraps(write)
    def written(tx: Transaction, /, *words: P.args, **named: P.kwargs) -> R:
        with tx.connection.begin_nested():
            return write(tx, *words, **named)

    return written


def owner(tx: Transaction, isp: str | None) -> str:
    """The isp that is written to: the scope's, else the one given. Raises ValueError where neither says."""
    found = tx.scope.isp or isp
    if found is None:
        raise ValueError("say which isp: the scope spans them all")
    return found


def take_turn(tx: Transaction, isp: str) -> None:
    """Count a change of that isp. Writers of one isp wait for each other here, so what is read next holds."""
    query = update(isp_revisions).where(tx.visible(isp_revisions), isp_revisions.c.isp == isp)
    if not tx.connection.execute(query.values(revision=isp_revisions.c.revision + 1)).rowcount:
        raise Gone(f'there is no isp "{isp}"')


def add(tx: Transaction, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row. Raises Taken for an id in use, Gone for a reference to nothing."""
    kind = table.name
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(table).values(dict(values)))
    except IntegrityError as error:
        if _is_unique_violation(error):
            raise Taken(f'the id "{values[kind]}" is in use; choose another one') from None
        raise Gone(f"the {kind} names something that is not there any more") from None


def add_all(tx: Transaction, query: Insert, rows: Sequence[Mapping[str, Any]], kind: str) -> None:
    """Insert the parts of a `kind`. Raises Gone for a reference to nothing."""
    if not rows:
        return
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(query, rows)
    except IntegrityError:
        raise Gone(f"the {kind} names something that is not there any more") from None


def change(tx: Transaction, key: Column[Any], name: str, version: int, values: Mapping[str, Any]) -> int:
    """Update the row that still has `version`; returns the new one. Raises Conflict, Gone."""
    table = key.table
    assert isinstance(table, Table)
    mine = update(table).where(tx.visible(table), key == name, table.c.version == version)
    try:
        with tx.connection.begin_nested():
            done = tx.connection.execute(mine.values({**values, "version": version + 1})).rowcount
    except IntegrityError:
        raise Gone(f"the {table.name} names something that is not there any more") from None
    if not done:
        raise conflict(table.name, name)
    return version + 1


def remove(tx: Transaction, key: Column[Any], name: str, version: int) -> None:
    """Delete the row that still has `version`. Raises Conflict, and InUse where others refer to it."""
    table = key.table
    assert isinstance(table, Table)
    mine = delete(table).where(tx.visible(table), key == name, table.c.version == version)
    try:
        with tx.connection.begin_nested():
            done = tx.connection.execute(mine).rowcount
    except IntegrityError:
        raise InUse(f'the {table.name} "{name}" is still in use') from None
    if not done:
        raise conflict(table.name, name)


def conflict(kind: str, name: str) -> Conflict:
    """What is raised when a version is not the one that was read."""
    return Conflict(f'the {kind} "{name}" was changed or deleted by somebody else; look at it again')


def next_position(tx: Transaction, table: Table, *where: ColumnElement[bool]) -> int:
    """The place after the last in a list."""
    query = select(func.coalesce(func.max(table.c.position), -1) + 1).where(tx.visible(table), *where)
    found: int = tx.connection.execute(query).scalar_one()
    return found


def count(tx: Transaction, table: Table, *where: ColumnElement[bool]) -> int:
    """How many rows the scope sees of those."""
    query = select(func.count()).select_from(table).where(tx.visible(table), *where)
    return tx.connection.execute(query).scalar_one()


def _is_unique_violation(error: IntegrityError) -> bool:
    """PostgreSQL has a code for it (23505), SQLite its words."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "23505" if state else "UNIQUE" in str(error.orig)
