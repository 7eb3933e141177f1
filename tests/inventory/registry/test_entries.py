"""What the audit says of a write: what came or went, and of a change each field, old and new; never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory.models import BitsPerSecond, Committed, Contact, Sla, Tls
from inventory.registry.audit import Actor, entries
from inventory.registry.devices import delete_device, get_device, save_device
from inventory.registry.links import delete_link, get_link, save_link
from inventory.registry.scope import Registry, Scope, Transaction
from inventory.registry.tenants import (
    delete_circuit,
    delete_tenant,
    get_circuit,
    get_isp,
    get_tenant,
    save_circuit,
    save_contacts,
    save_isp,
    save_tenant,
)
from inventory.registry.told import told
from inventory.registry.windows import get_maintenance, save_maintenance
from inventory.secrets import Secret
from tests.inventory.registry.kit import VAULT, filled

ACTOR = Actor("noc@sky.example")
NOBODY = Contact("New", whatsapp="+8801712345678", email=None, language="en")


@pytest.fixture
def tx(databases: Registry, tmp_path: Path) -> Iterator[Transaction]:
    filled(databases, tmp_path, "sky")
    with databases.write(Scope("staff", "sky")) as transaction:
        yield transaction


def last(tx: Transaction) -> Any:
    return entries(tx, per_page=1).items[0].detail


def test_people_and_their_names_are_told(tx: Transaction) -> None:
    """Who is told of alerts now and was before, of the isp and of a tenant; who stays is not repeated."""
    isp = get_isp(tx, "sky")
    assert isp
    save_isp(tx, replace(isp.isp, name="Blue", contacts=(*isp.isp.contacts, NOBODY)), version=isp.version, actor=ACTOR)
    new = "name New, whatsapp +8801712345678, language en"
    assert last(tx) == {"changes": {"name": ["Sky Ltd", "Blue"], "contacts": [[], [new]]}}
    tenant = get_tenant(tx, "sky-t1")
    assert tenant
    old = "name Desk, email t1@sky.example, language bn"
    save_tenant(tx, replace(tenant.tenant, name="Other"), version=1, actor=ACTOR)
    assert last(tx) == {"changes": {"name": ["Tenant 1 of sky", "Other"]}}
    save_contacts(tx, "sky-t1", [NOBODY], version=2, actor=ACTOR)
    assert last(tx) == {"changes": {"contacts": [[old], [new]]}}
    save_contacts(tx, "sky-t1", [], version=3, actor=ACTOR)
    assert last(tx) == {"changes": {"contacts": [[new], []]}}
    delete_tenant(tx, "sky-t1", version=4, actor=ACTOR)
    assert last(tx) == {"kind": "reseller", "name": "Other", "circuits": ["sky-c1"]}


def test_a_circuits_fields_are_told(tx: Transaction) -> None:
    """Plan, place, promise and service: what differs and nothing else; of a new or deleted one all."""
    row = get_circuit(tx, "sky-c1")
    assert row
    faster = replace(
        row.circuit,
        committed=Committed(BitsPerSecond(200_500_000), BitsPerSecond(100_000_000)),
        sla=Sla(0.999, None, None),
        ping=None,
    )
    save_circuit(tx, faster, version=1, actor=ACTOR)
    assert last(tx) == {
        "changes": {
            "committed_mbps.download": [100, 200.5],
            "ping": ["192.0.2.9", None],
            "ping_from": ["server", None],
            "sla.uptime_percent": [99.5, 99.9],
            "sla.latency_ms": [50, None],
        }
    }
    save_circuit(tx, faster, version=2, actor=ACTOR)
    assert last(tx) == {"changes": {}}
    delete_circuit(tx, "sky-c1", version=3, actor=ACTOR)
    assert last(tx)["attach.queue"] == "q1"
    assert last(tx)["committed_mbps.upload"] == 100


def test_links_and_windows_are_told(tx: Transaction) -> None:
    """The VLANs and circuits that came and went; times in the isp's zone, however they were written."""
    link = get_link(tx, "sky-up")
    assert link
    save_link(tx, replace(link.link, vlans=link.link.vlans[:1]), version=1, actor=ACTOR)
    gone = "vlan 20, device sky-edge, interface vlan20, capacity_mbps 200.5"
    assert last(tx) == {"changes": {"vlans": [[gone], []]}}
    window = get_maintenance(tx, "sky-m1")
    assert window
    later = window.maintenance.ends + timedelta(hours=1)
    work = replace(window.maintenance, ends=later, circuits=("sky-c2",), links=())
    save_maintenance(tx, work, version=1, actor=ACTOR)
    assert last(tx)["changes"] == {
        "circuits": [["sky-c1"], ["sky-c2"]],
        "links": [["sky-up"], []],
        "ends": ["2026-11-20T03:00:00+06:00", "2026-11-20T04:00:00+06:00"],
    }
    delete_link(tx, "sky-up", version=2, actor=ACTOR)
    assert last(tx)["threshold_mbps"] == 950


def test_a_secret_is_named_and_not_shown(tx: Transaction) -> None:
    """That it was set, replaced or removed, and not where it is the same; a certificate alike."""
    row = get_device(tx, "sky-core")
    assert row
    save_device(tx, replace(row.device, host="192.0.2.77"), version=1, actor=ACTOR, vault=VAULT)
    assert last(tx) == {"changes": {"host": ["192.0.2.1", "192.0.2.77"]}}
    same = replace(row.device, host="192.0.2.77", password=Secret("zq-variable-secret"))
    save_device(tx, same, version=2, actor=ACTOR, vault=VAULT)
    assert last(tx) == {"changes": {}}
    other = replace(same, password=Secret("zq-other"), tls=Tls(enabled=True, verify=True, ca="zq-certificate"))
    save_device(tx, other, version=3, actor=ACTOR, vault=VAULT)
    detail = last(tx)
    assert (detail["changes"]["password"], detail["changes"]["tls.ca"]) == ("replaced", "set")
    save_device(tx, replace(other, id="new"), version=None, actor=ACTOR, vault=VAULT)
    assert (last(tx)["password"], last(tx)["tls.ca"], last(tx)["host"]) == ("set", "set", "192.0.2.77")
    save_device(tx, replace(other, id="new", password=None), version=1, actor=ACTOR, vault=VAULT)
    assert last(tx) == {"changes": {"password": "removed"}}
    delete_device(tx, "new", version=2, actor=ACTOR)
    assert last(tx)["driver"] == "routeros"
    assert "zq-" not in repr(entries(tx).items)


def test_another_order_is_a_change() -> None:
    """Nothing came and nothing went, so both lists are told."""
    assert told({"links": ["a", "b"]}, {"links": ["b", "a"]}) == {"changes": {"links": [["a", "b"], ["b", "a"]]}}
