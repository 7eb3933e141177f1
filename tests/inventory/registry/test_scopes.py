"""What each scope sees, by the condition in the query alone (SQLite) and with row-level security beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from inventory.registry.audit import Actor, entries, record
from inventory.registry.devices import list_devices
from inventory.registry.inventories import load_all, load_inventory_of, revisions
from inventory.registry.links import list_links
from inventory.registry.plans import plan_at, plan_history
from inventory.registry.scope import LOGIN, SERVICE, UNOWNED, Registry, Scope, Transaction
from inventory.registry.tables import metadata
from inventory.registry.tenants import get_circuit, get_isp, get_tenant, list_circuits, list_tenants, save_contacts
from inventory.registry.windows import get_maintenance, list_maintenance
from tests.inventory.registry.kit import filled

STAFF = Scope("staff", "sky")
TENANT = Scope("tenant", "sky", "sky-t1")
ACTOR = Actor("noc@sky.example", "192.0.2.7")

SEEN: list[tuple[str, Callable[[Transaction], Any], Any, Any]] = [
    ("isps", lambda tx: sorted(revisions(tx)), ["sky"], ["sky"]),
    ("devices", lambda tx: [row.device.id for row in list_devices(tx).items], ["sky-core", "sky-edge"], []),
    ("links", lambda tx: [row.link.id for row in list_links(tx).items], ["sky-up"], []),
    ("tenants", lambda tx: [row.tenant.id for row in list_tenants(tx).items], ["sky-t1", "sky-t2"], ["sky-t1"]),
    ("circuits", lambda tx: [row.circuit.id for row in list_circuits(tx).items], ["sky-c1", "sky-c2"], ["sky-c1"]),
    ("windows", lambda tx: [row.maintenance.id for row in list_maintenance(tx).items], ["sky-m1"], ["sky-m1"]),
    ("totals", lambda tx: (list_tenants(tx).total, list_circuits(tx).total), (2, 2), (1, 1)),
    ("a tenant", lambda tx: get_tenant(tx, "sky-t2") is not None, True, False),
    ("a circuit", lambda tx: get_circuit(tx, "sky-c2") is not None, True, False),
    (
        "a plan",
        lambda tx: (plan_at(tx, "sky-c2", 4e9) is not None, len(plan_history(tx, "sky-c2"))),
        (True, 1),
        (False, 0),
    ),
    ("another's isp", lambda tx: get_isp(tx, "metro"), None, None),
    ("another's circuit", lambda tx: get_circuit(tx, "metro-c1"), None, None),
    ("another's window", lambda tx: get_maintenance(tx, "metro-m1"), None, None),
    ("the audit", lambda tx: [entry.isp for entry in entries(tx).items], ["sky"], []),
]


@pytest.mark.parametrize(("look", "staff", "tenant"), [each[1:] for each in SEEN], ids=[each[0] for each in SEEN])
def test_a_scope_sees_its_own(
    databases: Registry, tmp_path: Path, look: Callable[[Transaction], Any], staff: Any, tenant: Any
) -> None:
    """Staff sees one isp, a tenant itself; nobody learns of another that it is there."""
    filled(databases, tmp_path, "sky", "metro")
    for scope, seen in ((STAFF, staff), (TENANT, tenant)):
        with databases.read(scope) as tx:
            assert look(tx) == seen, scope


def test_no_table_is_open_by_being_forgotten(databases: Registry, tmp_path: Path) -> None:
    """Every row of every table that a scope sees is of its isp, and a login's only accounts and sessions."""
    filled(databases, tmp_path, "sky", "metro")
    for table in metadata.sorted_tables:
        with databases.read(SERVICE) as tx:
            everything = tx.connection.execute(select(table)).mappings().all()
        for scope in (STAFF, TENANT, Scope("staff", "nobody"), UNOWNED, LOGIN):
            with databases.read(scope) as tx:
                seen = tx.connection.execute(select(table).where(tx.visible(table))).mappings().all()
            assert all(row.get("isp") == scope.isp for row in seen), (table.name, scope)
            if scope is TENANT:
                assert all(row.get("tenant", "sky-t1") == "sky-t1" for row in seen), table.name
            if scope is STAFF and "isp" in table.c and table.name != "session":
                assert len(seen) == sum(row["isp"] == "sky" for row in everything), table.name


def test_a_window_shows_a_tenant_no_other_circuits(databases: Registry, tmp_path: Path) -> None:
    """Work on several tenants' circuits is shown to each with its own alone, and without the links."""
    filled(databases, tmp_path, "sky")
    with databases.read(STAFF) as tx:
        assert list_maintenance(tx).items[0].maintenance.links == ("sky-up",)
    with databases.read(TENANT) as tx:
        window = list_maintenance(tx).items[0].maintenance
    assert (window.circuits, window.links) == (("sky-c1",), ())
    with databases.read(Scope("tenant", "sky", "sky-t2")) as tx:
        assert list_maintenance(tx).items == []


def test_a_tenant_changes_its_contacts_and_nothing_else(databases: Registry, tmp_path: Path) -> None:
    """That is a change of the isp, written to the audit; who else is asked for is not there."""
    filled(databases, tmp_path, "sky")
    with databases.write(TENANT) as tx:
        before = revisions(tx)["sky"]
        mine = get_tenant(tx, "sky-t1")
        assert mine is not None
        save_contacts(tx, "sky-t1", mine.tenant.contacts * 2, version=mine.version, actor=ACTOR)
    with databases.read(TENANT) as tx:
        again = get_tenant(tx, "sky-t1")
        assert again is not None
        assert len(again.tenant.contacts) == 2
        assert again.version == mine.version + 1
        assert revisions(tx)["sky"] == before + 1
    with databases.read(STAFF) as tx:
        entry = entries(tx).items[0]
        assert (entry.tenant, entry.actor, entry.kind, entry.address) == ("sky-t1", ACTOR.name, "contacts", "192.0.2.7")
    with databases.write(TENANT) as tx, pytest.raises(Exception, match="changed or deleted"):
        save_contacts(tx, "sky-t2", (), version=1, actor=ACTOR)


def test_a_login_writes_to_the_audit_and_reads_no_inventory(databases: Registry, tmp_path: Path) -> None:
    """Whose user it is, is known only afterwards."""
    filled(databases, tmp_path, "sky")
    with databases.write(LOGIN) as tx:
        record(tx, ACTOR, "login", "user", "1", isp="sky")
        assert load_all(tx) == ()
    with databases.read(STAFF) as tx:
        assert entries(tx).items[0].action == "login"


def test_an_inventory_of_a_tenant_is_its_own(databases: Registry, tmp_path: Path) -> None:
    """Whatever is built on whole inventories is scoped as well."""
    filled(databases, tmp_path, "sky")
    with databases.read(TENANT) as tx:
        found = load_inventory_of(tx, "sky")
    assert list(found.tenants) == ["sky-t1"]
    assert (found.devices, found.links, found.isp.contacts) == ({}, {}, ())
