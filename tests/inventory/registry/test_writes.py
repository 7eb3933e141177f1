"""Writing one thing at a time: versions, ids in use, things that hang on each other, and the history of plans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory.models import ActivePeriod, BitsPerSecond, Committed, Device
from inventory.registry.audit import Actor, Filters, entries
from inventory.registry.changes import Conflict, Gone, InUse, Taken
from inventory.registry.devices import delete_device, get_device, list_devices, save_device
from inventory.registry.inventories import load_inventory_of, revisions
from inventory.registry.links import delete_link, get_link, save_link
from inventory.registry.plans import plan_at, plan_history
from inventory.registry.scope import Registry, Scope, Transaction
from inventory.registry.tenants import (
    delete_circuit,
    delete_tenant,
    get_circuit,
    get_isp,
    get_tenant,
    list_tenants,
    save_circuit,
    save_isp,
    save_tenant,
)
from inventory.registry.windows import delete_maintenance, get_maintenance, save_maintenance
from inventory.secrets import SealedSecret, Secret, SecretUnreadable
from inventory.vault import Vault
from tests.inventory.registry.kit import VAULT, filled

STAFF = Scope("staff", "sky")
ACTOR = Actor("noc@sky.example")


@pytest.fixture
def sky(databases: Registry, tmp_path: Path) -> Registry:
    filled(databases, tmp_path, "sky", "metro")
    return databases


@pytest.fixture
def tx(sky: Registry) -> Iterator[Transaction]:
    with sky.write(STAFF) as transaction:
        yield transaction


def test_what_is_saved_is_what_is_read(tx: Transaction) -> None:
    """Each kind, made under a new id and changed; its version counts, and so do the isp's revision and the audit."""
    before = revisions(tx)["sky"]
    device = get_device(tx, "sky-core", VAULT)
    link, tenant, circuit = get_link(tx, "sky-up"), get_tenant(tx, "sky-t1"), get_circuit(tx, "sky-c1")
    window = get_maintenance(tx, "sky-m1")
    assert device
    assert link
    assert tenant
    assert circuit
    assert window
    for version in (None, 1, 2):
        name = f"version {version}"
        box = replace(device.device, id="new", place=name)
        up = replace(link.link, id="new", name=name)
        buyer = replace(tenant.tenant, id="new", name=name, circuits=())
        line = replace(circuit.circuit, id="new", name=name, device="new", tenant="new")
        work = replace(window.maintenance, id="new", reason=name, circuits=("new", "sky-c1"), links=("new",))
        saved = (
            save_device(tx, box, version=version, actor=ACTOR, vault=VAULT),
            save_link(tx, up, version=version, actor=ACTOR),
            save_tenant(tx, buyer, version=version and version + 1, actor=ACTOR),  # its circuit came
            save_circuit(tx, line, version=version, actor=ACTOR),
            save_maintenance(tx, work, version=version, actor=ACTOR),
        )
        next_one = (version or 0) + 1
        assert saved == (next_one, next_one, version + 2 if version else 1, next_one, next_one)
        found = load_inventory_of(tx, "sky", VAULT)
        assert (found.devices["new"], found.links["new"]) == (box, up)
        assert found.tenants["new"] == replace(buyer, circuits=(line,))
        assert found.maintenance[-1] == work
    assert revisions(tx)["sky"] == before + 15
    told = [(entry.action, entry.kind) for entry in entries(tx).items[:5]]
    assert told == [("update", kind) for kind in ("maintenance", "circuit", "tenant", "link", "device")]


def test_the_second_of_two_editors_is_told(tx: Transaction) -> None:
    """Whoever saves over another's version changes nothing, whatever the kind."""
    device, link, tenant = get_device(tx, "sky-core", VAULT), get_link(tx, "sky-up"), get_tenant(tx, "sky-t1")
    circuit, window, isp = get_circuit(tx, "sky-c1"), get_maintenance(tx, "sky-m1"), get_isp(tx, "sky")
    assert device
    assert link
    assert tenant
    assert circuit
    assert window
    assert isp
    stale = 7
    for attempt in (
        lambda: save_device(tx, device.device, version=stale, actor=ACTOR, vault=VAULT),
        lambda: save_link(tx, link.link, version=stale, actor=ACTOR),
        lambda: save_tenant(tx, tenant.tenant, version=stale, actor=ACTOR),
        lambda: save_circuit(tx, circuit.circuit, version=stale, actor=ACTOR),
        lambda: save_maintenance(tx, window.maintenance, version=stale, actor=ACTOR),
        lambda: save_isp(tx, isp.isp, version=stale, actor=ACTOR),
        lambda: delete_link(tx, "sky-up", version=stale, actor=ACTOR),
        lambda: delete_tenant(tx, "sky-t1", version=stale, actor=ACTOR),
        lambda: delete_circuit(tx, "sky-c1", version=stale, actor=ACTOR),
        lambda: delete_maintenance(tx, "sky-m1", version=stale, actor=ACTOR),
        lambda: delete_tenant(tx, "metro-t1", version=1, actor=ACTOR),
    ):
        with pytest.raises(Conflict, match="changed or deleted by somebody else"):
            attempt()
    assert [entry.action for entry in entries(tx).items] == ["import"]


def test_an_id_in_use_is_taken_whoever_has_it(tx: Transaction) -> None:
    """Also by another isp, which is not named; the transaction goes on."""
    device, tenant = get_device(tx, "sky-core", VAULT), get_tenant(tx, "sky-t1")
    assert device
    assert tenant
    for name in ("sky-edge", "metro-core"):
        with pytest.raises(Taken, match=f'the id "{name}" is in use'):
            save_device(tx, replace(device.device, id=name), version=None, actor=ACTOR, vault=VAULT)
    with pytest.raises(Taken):
        save_tenant(tx, replace(tenant.tenant, id="metro-t1"), version=None, actor=ACTOR)
    assert list_devices(tx).total == 2


def test_what_others_need_stays(tx: Transaction) -> None:
    """A device with circuits and VLANs cannot go, and says what is on it; nothing refers to what is not there."""
    with pytest.raises(InUse, match=r"carries 2 circuits and 1 VLAN;"):
        delete_device(tx, "sky-core", version=1, actor=ACTOR)
    circuit, link, window = get_circuit(tx, "sky-c1"), get_link(tx, "sky-up"), get_maintenance(tx, "sky-m1")
    assert circuit
    assert link
    assert window
    with pytest.raises(Gone):
        save_circuit(tx, replace(circuit.circuit, device="metro-core"), version=1, actor=ACTOR)
    with pytest.raises(Gone):
        save_circuit(tx, replace(circuit.circuit, id="new", tenant="metro-t1"), version=None, actor=ACTOR)
    with pytest.raises(Gone):
        save_maintenance(tx, replace(window.maintenance, circuits=("metro-c1",)), version=1, actor=ACTOR)
    delete_maintenance(tx, "sky-m1", version=1, actor=ACTOR)
    delete_link(tx, "sky-up", version=1, actor=ACTOR)
    delete_circuit(tx, "sky-c1", version=1, actor=ACTOR)
    delete_tenant(tx, "sky-t2", version=1, actor=ACTOR)
    delete_device(tx, "sky-core", version=1, actor=ACTOR)
    found = load_inventory_of(tx, "sky")
    assert (list(found.devices), list(found.links), list(found.tenants)) == (["sky-edge"], [], ["sky-t1"])


def test_no_circuit_reads_what_another_tenants_reads(tx: Transaction) -> None:
    """Its traffic would be shown to both. Other days may have another tenant, and one tenant may read it twice."""
    mine, theirs = get_circuit(tx, "sky-c1"), get_circuit(tx, "sky-c2")
    assert mine
    assert theirs
    shared = replace(theirs.circuit, attach=mine.circuit.attach)
    with pytest.raises(InUse, match='the queue "q1" of sky-core carries circuit "sky-c1" of sky-t1 on the same days'):
        save_circuit(tx, shared, version=1, actor=ACTOR)
    with pytest.raises(InUse):
        save_circuit(tx, replace(shared, id="sky-new"), version=None, actor=ACTOR)
    assert get_circuit(tx, "sky-new") is None
    last = date(2026, 6, 30)
    save_circuit(tx, replace(mine.circuit, active=ActivePeriod(None, last)), version=1, actor=ACTOR)
    later = replace(shared, active=ActivePeriod(last + timedelta(days=1), None))
    save_circuit(tx, later, version=1, actor=ACTOR)
    with pytest.raises(InUse):
        save_circuit(tx, mine.circuit, version=2, actor=ACTOR)
    save_circuit(tx, replace(later, id="sky-new"), version=None, actor=ACTOR)


def test_a_device_that_is_asked_for_pings_keeps_a_driver_that_sends_them(tx: Transaction) -> None:
    """Over SNMP the circuit would be unknown from then on; once the server pings it the driver may change."""
    device, circuit = get_device(tx, "sky-core", VAULT), get_circuit(tx, "sky-c1")
    assert device
    assert circuit
    save_circuit(tx, replace(circuit.circuit, ping_from="device"), version=circuit.version, actor=ACTOR)
    agent = replace(device.device, driver="snmp")
    with pytest.raises(InUse, match="1 circuit is pinged from it, which driver snmp cannot do; let the server"):
        save_device(tx, agent, version=device.version, actor=ACTOR, vault=VAULT)
    save_circuit(tx, circuit.circuit, version=circuit.version + 1, actor=ACTOR)
    save_device(tx, agent, version=device.version, actor=ACTOR, vault=VAULT)


@pytest.mark.parametrize("gone", ["circuit", "tenant", "link"])
def test_a_window_on_nothing_goes_with_what_it_was_on(tx: Transaction, gone: str) -> None:
    """Else an export would hold a window that no import takes; one that has something left stays."""
    window = get_maintenance(tx, "sky-m1")
    circuit, link = get_circuit(tx, "sky-c1"), get_link(tx, "sky-up")
    assert window
    assert circuit
    assert link
    on_circuits, on_links = ((), ("sky-up",)) if gone == "link" else (("sky-c1",), ())
    save_maintenance(tx, replace(window.maintenance, circuits=on_circuits, links=on_links), version=1, actor=ACTOR)
    save_maintenance(
        tx,
        replace(window.maintenance, id="both", circuits=("sky-c1",), links=("sky-up",)),
        version=None,
        actor=ACTOR,
    )
    if gone == "circuit":
        delete_circuit(tx, "sky-c1", version=circuit.version, actor=ACTOR)
    elif gone == "tenant":
        delete_tenant(tx, circuit.circuit.tenant, version=1, actor=ACTOR)
    else:
        delete_link(tx, "sky-up", version=link.version, actor=ACTOR)
    assert get_maintenance(tx, "sky-m1") is None
    assert get_maintenance(tx, "both") is not None
    told = [(entry.action, entry.object_id) for entry in entries(tx, Filters(kind="maintenance")).items]
    assert told[0] == ("delete", "sky-m1")


def test_the_plan_in_force_at_a_time_can_be_asked_for(sky: Registry) -> None:
    """Each commitment holds from when it was set until the next; another change of the circuit begins none."""
    moments = []
    for rate in (100, 300, 300, 50):
        with sky.write(STAFF) as tx:
            row = get_circuit(tx, "sky-c1")
            assert row
            bought = Committed(BitsPerSecond(rate), BitsPerSecond(rate))
            save_circuit(tx, replace(row.circuit, committed=bought), version=row.version, actor=ACTOR)
            moments.append(plan_history(tx, "sky-c1")[-1].valid_from)
    with sky.read(STAFF) as tx:
        assert [plan.committed.download for plan in plan_history(tx, "sky-c1")] == [100_000_000, 100, 300, 50]
        asked = [plan_at(tx, "sky-c1", when) for when in moments]
        assert [each.download if each else None for each in asked] == [100, 300, 300, 50]
        first = plan_history(tx, "sky-c1")[0].valid_from
        assert plan_at(tx, "sky-c1", first - 1) is None
        before = plan_at(tx, "sky-c1", moments[-1] - 0.0001)
        assert before is not None
        assert before.download == 300
        row = get_circuit(tx, "sky-c1")
        assert row
        assert row.circuit.committed.download == 50


def test_two_writers_at_once_take_turns(sky: Registry) -> None:
    """Of two who read the same version one saves and one is told; no change is lost."""
    outcome: list[str] = []
    ready = threading.Barrier(2)

    def write(name: str) -> None:
        with sky.read(STAFF) as tx:
            row = get_tenant(tx, "sky-t1")
        assert row
        ready.wait()
        try:
            with sky.write(STAFF) as tx:
                save_tenant(tx, replace(row.tenant, name=name), version=row.version, actor=ACTOR)
            outcome.append(name)
        except Conflict:
            outcome.append("conflict")

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sky.read(STAFF) as tx:
        row = get_tenant(tx, "sky-t1")
    assert row
    assert sorted(outcome) == sorted(["conflict", row.tenant.name])


def test_a_secret_is_sealed_and_opens_for_its_device_alone(sky: Registry) -> None:
    """Without the key it says so; a sealed one that is saved again stays as it is."""
    with sky.write(STAFF) as tx:
        row = get_device(tx, "sky-core")
        assert row
        assert isinstance(row.device.password, SealedSecret)
        with pytest.raises(SecretUnreadable):
            row.device.password.reveal()
        save_device(tx, replace(row.device, place="moved"), version=row.version, actor=ACTOR, vault=VAULT)
        # Another device's sealed secret is put there by somebody with his hands in the database.
        stolen = Device("thief", "routeros", "192.0.2.66", 8729, 8.0, "monitor", row.device.password)
        save_device(tx, stolen, version=None, actor=ACTOR, vault=VAULT)
    with sky.read(STAFF) as tx:
        again, thief = get_device(tx, "sky-core", VAULT), get_device(tx, "thief", VAULT)
        other = get_device(tx, "sky-core", Vault([b"x" * 32]))
    assert again
    assert again.device.password == Secret("zq-variable-secret")
    assert again.device.password.source == "${SECRET}"
    for row in (thief, other):
        assert row
        assert row.device.password
        with pytest.raises(SecretUnreadable, match=r"^the password of (thief|sky-core) cannot be opened: it was "):
            row.device.password.reveal()


def test_lists_are_searched_and_paged(tx: Transaction) -> None:
    """Every word of a search stands somewhere; its wildcards are letters; a page knows how many there are."""
    page = list_tenants(tx, per_page=1, page=2)
    assert ([row.tenant.id for row in page.items], page.total, page.pages, page.page) == (["sky-t2"], 2, 2, 2)
    assert [row.tenant.id for row in list_tenants(tx, search="SKY tenant 1").items] == ["sky-t1"]
    assert list_tenants(tx, search="%").total == list_tenants(tx, search="_").total == 0
    assert [row.tenant.id for row in list_tenants(tx, kind="client").items] == ["sky-t2"]
    assert list_tenants(tx, page=-5, per_page=10**9).page == 1
    assert list_tenants(tx, page=10**30).items == []
