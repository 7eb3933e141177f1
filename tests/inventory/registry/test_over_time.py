"""What stays of tenants and circuits as they change: plans, versions, and the ids of those that were deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inventory.loader import InventoryError
from inventory.models import ActivePeriod, BitsPerSecond, Committed
from inventory.registry.audit import Actor
from inventory.registry.changes import Conflict, Taken
from inventory.registry.plans import plan_at, plan_history
from inventory.registry.scope import SERVICE, Registry, Scope, Transaction
from inventory.registry.tenants import (
    delete_circuit,
    delete_tenant,
    get_circuit,
    get_tenant,
    list_tenants,
    save_circuit,
    save_tenant,
)
from inventory.registry.transfer import import_inventory
from tests.inventory.registry.kit import VAULT, body, filled, written

STAFF = Scope("staff", "sky")
ACTOR = Actor("noc@sky.example")


@pytest.fixture
def sky(databases: Registry, tmp_path: Path) -> Registry:
    filled(databases, tmp_path, "sky", "metro")
    return databases


def test_a_corrected_beginning_of_service_has_its_plan(sky: Registry, tmp_path: Path) -> None:
    """What was bought first counts from the earlier day, by hand and by import; a later day takes nothing away."""
    dhaka = ZoneInfo("Asia/Dhaka")

    def at(day: date) -> float:
        return datetime.combine(day, time_of_day(), dhaka).timestamp()

    for day in (date(2026, 3, 1), date(2025, 1, 1), date(2026, 6, 1)):
        with sky.write(STAFF) as tx:
            row = get_circuit(tx, "sky-c1")
            assert row
            bought = Committed(BitsPerSecond(day.year), BitsPerSecond(1))
            moved = replace(row.circuit, committed=bought, active=ActivePeriod(day, None))
            save_circuit(tx, moved, version=row.version, actor=ACTOR)
    content = body("sky")
    content["tenants"][1]["circuits"][0]["active"] = {"from": "2024-05-05"}
    with sky.write(SERVICE) as tx:
        import_inventory(tx, written(tmp_path / "new.yml", content), VAULT, ACTOR)
    with sky.read(STAFF) as tx:
        assert plan_at(tx, "sky-c1", at(date(2025, 1, 1)) - 1) is None
        for when in (date(2025, 1, 1), date(2026, 3, 1)):
            found = plan_at(tx, "sky-c1", at(when))
            assert found is not None
            assert found.download == 100_000_000, "the oldest that is known"
        assert plan_history(tx, "sky-c2")[0].valid_from == at(date(2024, 5, 5))
        assert len(plan_history(tx, "sky-c2")) == 2


def test_a_tenant_with_other_circuits_is_another_version(sky: Registry, tmp_path: Path) -> None:
    """Who deletes it has seen what goes with it, whoever added or deleted that; an import counts alike, and once."""
    with sky.write(STAFF) as tx:
        circuit = get_circuit(tx, "sky-c1")
        assert circuit
        save_circuit(tx, replace(circuit.circuit, id="sky-new"), version=None, actor=ACTOR)
        with pytest.raises(Conflict):
            delete_tenant(tx, "sky-t1", version=1, actor=ACTOR)
        save_circuit(tx, replace(circuit.circuit, id="sky-new", name="Other"), version=1, actor=ACTOR)
        delete_circuit(tx, "sky-new", version=2, actor=ACTOR)
        assert version_of(tx, "sky-t1") == 3
        assert version_of(tx, "sky-t2") == 1
    content = body("sky")
    content["tenants"][1]["circuits"].append(content["tenants"][0]["circuits"].pop())
    content["tenants"][1]["name"] = "Other"
    with sky.write(SERVICE) as tx:
        import_inventory(tx, written(tmp_path / "new.yml", content), VAULT, ACTOR)
        assert (version_of(tx, "sky-t1"), version_of(tx, "sky-t2")) == (4, 2)


def version_of(tx: Transaction, tenant: str) -> int:
    row = get_tenant(tx, tenant)
    assert row
    return row.version


def test_the_id_of_a_deleted_tenant_is_used_up(sky: Registry, tmp_path: Path) -> None:
    """Its alerts and series are kept under it. An older file brings the same customer back, and no other one."""
    with sky.write(STAFF) as tx:
        row = get_tenant(tx, "sky-t1")
        assert row
        delete_tenant(tx, "sky-t1", version=row.version, actor=ACTOR)
        with pytest.raises(Taken, match='"sky-t1" was that of a tenant that was deleted'):
            save_tenant(tx, row.tenant, version=None, actor=ACTOR)
    with sky.write(Scope("staff", "metro")) as tx:
        save_tenant(tx, replace(row.tenant, circuits=()), version=None, actor=ACTOR)  # their series have another isp
        delete_tenant(tx, "sky-t1", version=1, actor=ACTOR)
    other = body("sky")
    other["tenants"][0]["name"] = "Somebody else"
    refused = pytest.raises(InventoryError, match='tenant "sky-t1": a tenant that was deleted had this id')
    with sky.write(SERVICE) as tx, refused:
        import_inventory(tx, written(tmp_path / "other.yml", other), VAULT, ACTOR)
    without = body("sky")
    del without["maintenance"], without["tenants"]
    for content in (body("sky"), without, body("sky")):
        with sky.write(SERVICE) as tx:
            import_inventory(tx, written(tmp_path / "sky.yml", content), VAULT, ACTOR)
    with sky.read(STAFF) as tx:
        assert list_tenants(tx).total == 2
