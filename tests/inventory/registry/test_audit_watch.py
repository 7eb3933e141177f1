"""A long audit is checked in parts: each look costs the same, and nothing is called good that was not looked at."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from inventory.registry import audit as audits
from inventory.registry.audit import record
from inventory.registry.audit_watch import AuditWatch
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.tables import audit, audit_heads
from tests.inventory.registry.test_audit import ACTOR, as_administrator, ids
from tests.postgres import Database


def add(registry: Registry, count: int, isp: str = "sky") -> None:
    with registry.write(SERVICE) as tx:
        for number in range(count):
            record(tx, ACTOR, "update", "circuit", f"c{number}", isp=isp)


def test_nothing_is_called_good_before_it_was_looked_at(databases: Registry) -> None:
    """A first look at a long chain says how far it came; another's chain does not count."""
    add(databases, 25)
    add(databases, 5, "metro")
    watch = AuditWatch(new=10, again=2)
    looks = [watch.look(databases, "sky") for _ in range(4)]
    assert [(one.seen, one.entries, one.since is not None) for one in looks] == [
        (10, 25, False),
        (20, 25, False),
        (25, 25, True),
        (25, 25, True),
    ]
    assert all(one.broken is None for one in looks)
    add(databases, 1)
    assert watch.look(databases, "sky").seen == 26
    assert watch.look(databases, "nobody").entries == 0


def test_a_look_costs_what_is_new_and_a_part_of_what_is_old(
    databases: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the chain is."""
    add(databases, 60)
    watch = AuditWatch(new=100, again=5)
    hashed: list[str] = []
    digest = audits._digest

    def counting(row: Any, previous: str) -> str:
        hashed.append(previous)
        return digest(row, previous)

    monkeypatch.setattr(audits, "_digest", counting)
    counts = []
    for _ in range(4):
        hashed.clear()
        watch.look(databases, "sky")
        counts.append(len(hashed))
    assert counts == [60, 5, 5, 5]


def test_what_was_good_and_is_changed_is_found_within_a_round(database: Database) -> None:
    """And stays found, until it is as it was."""
    with database.registry() as registry:
        add(registry, 20)
        watch = AuditWatch(new=100, again=5)
        assert watch.look(registry, "sky").broken is None
        changed = ids(registry, "sky")[12]
        as_administrator(database, update(audit).where(audit.c.id == changed).values(actor="nobody"))
        assert [watch.look(registry, "sky").broken for _ in range(4)] == [None, None, changed, changed]
        as_administrator(database, update(audit).where(audit.c.id == changed).values(actor=ACTOR.name))
        assert [watch.look(registry, "sky").broken for _ in range(4)] == [None] * 4


def test_an_end_that_was_taken_away_with_its_head_is_found(database: Database) -> None:
    """Who was there before remembers what the database was made to forget."""
    with database.registry() as registry:
        add(registry, 3)
        watch = AuditWatch()
        assert watch.look(registry, "sky").broken is None
        last = ids(registry, "sky")[-1]
        with registry.read(SERVICE) as tx:
            before = audits.follow(tx, "sky", most=2).mark
        as_administrator(database, delete(audit).where(audit.c.id == last))
        as_administrator(database, update(audit_heads).values(hash=before.hash, entries=2))
        with registry.read(SERVICE) as tx:
            assert audits.verify(tx) is None
        assert watch.look(registry, "sky").broken == last + 1
