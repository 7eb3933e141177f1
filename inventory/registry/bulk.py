"""Compares two inventories and writes many rows at once: what an import is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Column, Table, bindparam, delete, insert, select, update

from inventory.models import Device, Tenant
from inventory.registry.scope import Transaction


class Named(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> str:
        """Unique per kind."""


T = TypeVar("T", bound=Named)

_BATCH = 500  # ids in one statement; SQLite takes 32,766 values


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did to one thing: `created`, `changed` or `removed`."""

    what: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Diff(Generic[T]):
    """What of one kind is new, what differs from what is there, and what is there and gone.

    `position` is the place of each in its list.
    """

    kind: str
    new: Sequence[T]
    changed: Sequence[T]
    gone: Sequence[str]
    position: Mapping[str, int]

    @property
    def written(self) -> list[T]:
        """What is new or differs."""
        return [*self.new, *self.changed]

    def told(self) -> list[Change]:
        """In words."""
        return [
            *(Change("created", self.kind, thing.id) for thing in self.new),
            *(Change("changed", self.kind, thing.id) for thing in self.changed),
            *(Change("removed", self.kind, name) for name in self.gone),
        ]


def diff(
    kind: str, old: Iterable[T], new: Iterable[T], same: Callable[[T, T], bool] = lambda one, other: one == other
) -> Diff[T]:
    """What turns the `old` list into the `new` one."""
    before = {thing.id: thing for thing in old}
    after = {thing.id: thing for thing in new}
    return Diff(
        kind=kind,
        new=[thing for name, thing in after.items() if name not in before],
        changed=[thing for name, thing in after.items() if name in before and not same(before[name], thing)],
        gone=[name for name in before if name not in after],
        position={name: number for number, name in enumerate(after)},
    )


def same_device(one: Device, other: Device) -> bool:
    """Equal, and its secrets are written alike: a secret equals another by its value alone."""
    sources = [[(name, secret.source) for name, secret in device.secrets()] for device in (one, other)]
    return one == other and sources[0] == sources[1]


def same_tenant(one: Tenant, other: Tenant) -> bool:
    """Equal but for the circuits, which are compared by themselves."""
    return (one.kind, one.name, one.contacts) == (other.kind, other.name, other.contacts)


class Bulk:
    """Writes rows of one isp, many at once."""

    def __init__(self, tx: Transaction, isp: str) -> None:
        self._tx = tx
        self._isp = isp

    def put(self, key: Column[str], told: Diff[T], columns: Callable[[T], dict[str, Any]]) -> None:
        """Add the rows of what is new and change those of what differs."""
        table = _table(key)
        rows = [
            {key.name: thing.id, "isp": self._isp, "position": told.position[thing.id], **columns(thing)}
            for thing in told.new
        ]
        self.add(table, rows)
        self.change(key, {thing.id: columns(thing) for thing in told.changed}, count=True)

    def add(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert these."""
        if rows:
            self._tx.connection.execute(insert(table), rows)

    def change(self, key: Column[str], rows: Mapping[str, Mapping[str, Any]], *, count: bool) -> None:
        """Update each by its id, all the same columns; with `count` each becomes another version."""
        if not rows:
            return
        table = _table(key)
        names = next(iter(rows.values()))
        values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        if count:
            values["version"] = table.c.version + 1
        query = update(table).where(self._tx.visible(table), key == bindparam("its_id")).values(values)
        given = [{"its_id": name, **{f"new_{each}": row[each] for each in row}} for name, row in rows.items()]
        self._tx.connection.execute(query, given)

    def remove(self, key: Column[str], names: Iterable[str]) -> None:
        """Delete the rows that have one of these in `key`."""
        table, left = _table(key), iter(names)
        while batch := list(islice(left, _BATCH)):
            query = delete(table).where(self._tx.visible(table), table.c.isp == self._isp, key.in_(batch))
            self._tx.connection.execute(query)

    def keep_order(self, key: Column[str], position: Mapping[str, int]) -> None:
        """Let rows that were moved in their list, and not changed otherwise, have their place."""
        table = _table(key)
        query = select(key, table.c.position).where(self._tx.visible(table), table.c.isp == self._isp)
        moved = {
            name: {"position": position[name]}
            for name, place in self._tx.connection.execute(query)
            if name in position and position[name] != place
        }
        self.change(key, moved, count=False)


def _table(key: Column[str]) -> Table:
    table = key.table
    assert isinstance(table, Table)
    return table
