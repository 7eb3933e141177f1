"""The audit: what was written stays, and if it does not, that is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, insert, update

from inventory.registry.audit import Actor, Filters, entries, record, verify
from inventory.registry.scope import SERVICE, Registry, Scope
from inventory.registry.tables import audit
from tests.postgres import Database

ACTOR = Actor("noc@sky.example", "192.0.2.7")


def fill(registry: Registry) -> None:
    for number in range(1, 4):
        for isp in ("sky", "metro", None):
            with registry.write(SERVICE) as tx:
                record(tx, ACTOR, "update", "circuit", f"c{number}", {"name": "ö", "rate": 1.5, "list": [1]}, isp=isp)


def ids(registry: Registry, isp: str) -> list[int]:
    with registry.read(Scope("staff", isp)) as tx:
        return sorted(entry.id for entry in entries(tx).items)


def test_an_audit_as_it_was_written_is_good(databases: Registry) -> None:
    """For the platform, for each isp, and where nothing was written yet."""
    with databases.read(SERVICE) as tx:
        assert verify(tx) is None
    fill(databases)
    for scope in (SERVICE, Scope("staff", "sky"), Scope("staff", "nobody")):
        with databases.read(scope) as tx:
            assert verify(tx) is None


def test_entries_are_found(databases: Registry) -> None:
    """By words, by what they were done to, by time; newest first."""
    fill(databases)
    with databases.read(Scope("staff", "sky")) as tx:
        assert [entry.object_id for entry in entries(tx).items] == ["c3", "c2", "c1"]
        assert [entry.object_id for entry in entries(tx, Filters(search="NOC c2")).items] == ["c2"]
        first = entries(tx, Filters(object_id="c1")).items[0]
        assert (first.actor, first.address, first.detail["name"]) == ("noc@sky.example", "192.0.2.7", "ö")
        assert entries(tx, Filters(until=first.at)).total == 0
        assert entries(tx, Filters(since=first.at)).total == 3


Tampering = Callable[[list[int]], Any]
TAMPERINGS: dict[str, tuple[Tampering, int]] = {
    "a word is changed": (lambda of: update(audit).where(audit.c.id == of[1]).values(actor="nobody"), 1),
    "a detail is changed": (lambda of: update(audit).where(audit.c.id == of[1]).values(detail={}), 1),
    "the time is changed": (lambda of: update(audit).where(audit.c.id == of[0]).values(at=audit.c.at + 1), 0),
    "it is said of another isp": (lambda of: update(audit).where(audit.c.id == of[1]).values(isp="metro"), 1),
    "one is taken out": (lambda of: delete(audit).where(audit.c.id == of[0]), 1),
    "the beginning is taken out": (lambda of: delete(audit).where(audit.c.id <= of[1], audit.c.isp == "sky"), 2),
}


@pytest.mark.parametrize(("tamper", "found"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_is_found(database: Database, tamper: Tampering, found: int) -> None:
    """By the database's own administrator, since the application cannot; the first entry that is not right is named."""
    with database.registry() as registry:
        fill(registry)
        of_sky = ids(registry, "sky")
        as_administrator(database, tamper(of_sky))
        with registry.read(SERVICE) as tx:
            assert verify(tx) == of_sky[found]


def test_a_lost_end_is_found(database: Database) -> None:
    """Where the last entries are gone nothing follows them; the head of the chain knows."""
    with database.registry() as registry:
        fill(registry)
        of_sky = ids(registry, "sky")
        as_administrator(database, delete(audit).where(audit.c.id == of_sky[2]))
        with registry.read(Scope("staff", "sky")) as tx:
            assert verify(tx) == of_sky[1] + 1
        as_administrator(database, delete(audit).where(audit.c.isp == "sky"))
        with registry.read(Scope("staff", "sky")) as tx:
            assert verify(tx) == 1


def test_an_entry_that_nobody_chained_is_found(database: Database) -> None:
    """One that is slipped in does not fit behind the last."""
    with database.registry() as registry:
        fill(registry)
        row = {"isp": "sky", "at": 1.0, "actor": "x", "action": "x", "kind": "x", "object_id": "x", "detail": {}}
        as_administrator(database, insert(audit).values(**row, previous="0" * 64, hash="0" * 64))
        with registry.read(SERVICE) as tx:
            assert verify(tx) == ids(registry, "sky")[-1]


def test_a_failed_change_leaves_no_entry(databases: Registry) -> None:
    """What was undone was not done."""
    with databases.write(SERVICE) as tx:
        record(tx, ACTOR, "update", "circuit", "c1", isp="sky")
        tx.connection.get_transaction().rollback()  # type: ignore[union-attr]
    with databases.read(SERVICE) as tx:
        assert entries(tx).total == 0
        assert verify(tx) is None


def as_administrator(database: Database, statement: Any) -> None:
    url = database.owner_url.replace("postgresql://backhaul_owner", "postgresql+psycopg://postgres")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()
