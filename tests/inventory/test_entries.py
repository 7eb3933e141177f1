"""Forms and API bodies: read as the inventory file is, with what is wrong by field, and without its powers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.bodies import circuit_body, device_body, link_body, maintenance_body, tenant_body
from inventory.entries import (
    EntryError,
    EntryErrors,
    Known,
    read_circuit,
    read_contacts,
    read_device,
    read_isp,
    read_link,
    read_maintenance,
    read_tenant,
)
from inventory.secrets import Secret
from tests.inventory.registry.kit import body, written
from tests.inventory.test_loader_properties import VALUES

KNOWN = Known(devices={"sky-core": "routeros", "sky-edge": "snmp"}, links=["sky-up"], circuits=["sky-c1"])
ROUTER: dict[str, Any] = {
    "id": "r",
    "driver": "routeros",
    "host": "192.0.2.1",
    "username": "u",
    "password": "old-secret",
}
AGENT: dict[str, Any] = {
    "id": "s",
    "driver": "snmp",
    "host": "192.0.2.2",
    "snmp": {
        "version": "3",
        "username": "u",
        "auth": {"protocol": "SHA", "key": "old-auth-key"},
        "privacy": {"protocol": "AES128", "key": "old-privacy-key"},
    },
}


def fields(caught: pytest.ExceptionInfo[EntryErrors]) -> dict[str, str]:
    return {error.field: error.text for error in caught.value.errors}


def test_a_body_is_read_as_the_file_is(tmp_path: Path) -> None:
    """What the registry gives of a thing is read back as that thing."""
    inventory = written(tmp_path / "sky.yml", body("sky"))
    device, link = inventory.devices["sky-edge"], inventory.links["sky-up"]
    tenant, circuit = replace(inventory.tenants["sky-t1"], circuits=()), inventory.circuit_by_id["sky-c1"]
    window = inventory.maintenance[0]
    assert read_device(device_body(device, lambda _, secret: secret.reveal())) == device
    assert read_link(plain(link_body(link)), KNOWN) == link
    assert read_tenant(plain(tenant_body(tenant))) == tenant
    assert read_circuit(plain(circuit_body(circuit)), KNOWN, "sky-t1") == circuit
    assert read_maintenance(plain(maintenance_body(window, inventory.isp.zone)), KNOWN) == window


def test_everything_wrong_is_said_by_field() -> None:
    """Fields are named as in the body: by keys with dots, list entries by number, what is missing by its own name."""
    with pytest.raises(EntryErrors) as caught:
        read_circuit(
            {"id": "C", "sla": {"uptime_percent": 101}, "device": "zz", "committed_mbps": "fast", "attach": {}, "x": 1},
            KNOWN,
            "t",
        )
    assert set(fields(caught)) == {"id", "name", "sla.uptime_percent", "device", "committed_mbps", "attach", "x"}
    assert fields(caught)["sla.uptime_percent"] == (
        "uptime_percent is 101; expected a percentage greater than 0, at most 100"
    )
    with pytest.raises(EntryErrors) as caught:
        read_link({"id": "l", "name": "L", "threshold_mbps": 1, "vlans": [{"vlan": 9999, "device": "sky-core"}]}, KNOWN)
    assert set(fields(caught)) == {"vlans.0.vlan", "vlans.0.interface", "vlans.0.capacity_mbps"}
    with pytest.raises(EntryErrors) as caught:
        read_contacts([{"name": "N", "email": "n@a.example"}, {"name": "M"}])
    assert set(fields(caught)) == {"contacts.1"}
    with pytest.raises(EntryErrors) as caught:
        read_isp({"id": "a", "name": "A", "timezone": "Dhaka", "currency": "taka", "contacts": 5})
    assert set(fields(caught)) == {"timezone", "currency", "contacts"}


def test_a_device_that_cannot_ping_is_not_asked_to() -> None:
    """Over SNMP nothing is pinged, so such a circuit would stay unknown; over the RouterOS API it is."""
    entry = {"id": "c", "name": "C", "attach": {"queue": "q"}, "committed_mbps": 1, "ping": "192.0.2.9"}
    read_circuit(entry | {"device": "sky-core", "ping_from": "device"}, KNOWN, "t")
    with pytest.raises(EntryErrors) as caught:
        read_circuit(entry | {"device": "sky-edge", "ping_from": "device"}, KNOWN, "t")
    wrong = 'ping_from is "device", and devices of driver snmp ping nothing; expected server'
    assert fields(caught) == {"ping_from": wrong}


def test_nothing_is_expanded_and_no_file_is_opened(tmp_path: Path) -> None:
    """`${NAME}` are those characters, and a file is refused whether it is there or not."""
    tenant = read_tenant({"id": "t", "kind": "client", "name": "${HOME} $${x} ${"})
    assert tenant.name == "${HOME} $${x} ${"
    device = read_device(ROUTER | {"password": "${HOME}"})
    assert device.password is not None
    assert (device.password.reveal(), device.password.source) == ("${HOME}", None)
    there = tmp_path / "there"
    there.write_text("secret")
    for path in (str(there), "/nowhere"):
        with pytest.raises(EntryErrors) as caught:
            read_device(ROUTER | {"password": {"file": path}, "tls": {"ca_file": path}})
        assert set(fields(caught)) == {"password", "tls.ca_file"}
        assert all("names a file; expected none" in text for text in fields(caught).values())


def test_a_secret_that_is_left_out_stays() -> None:
    """As it was, source and all; a new one takes its place."""
    for whole, secret in ((ROUTER, "old-secret"), (AGENT, "old-privacy-key")):
        old = read_device(whole)
        left_out = plain(device_body(old))
        for empty in (left_out, left_out | {"password": ""} if whole is ROUTER else left_out):
            assert read_device(empty | {"place": "moved"}, keep=old) == replace(old, place="moved")
        with pytest.raises(EntryErrors) as caught:
            read_device(left_out)
        assert secret not in str(caught.value)
    old = read_device(ROUTER)
    changed = read_device(ROUTER | {"password": "new-secret"}, keep=old)
    assert changed.password == Secret("new-secret")


@pytest.mark.parametrize("change", [{"host": "203.0.113.66"}, {"port": 9999}, {"tls": {"enabled": False}}])
def test_a_secret_goes_nowhere_else_unseen(change: dict[str, Any]) -> None:
    """Whoever changes where it is sent, or how it is protected on the way, has to know it."""
    old = read_device(ROUTER)
    with pytest.raises(EntryErrors) as caught:
        read_device(plain(device_body(old)) | change, keep=old)
    assert fields(caught) == {"password": "password has to be given again when host, port or tls change"}
    assert read_device(ROUTER | change, keep=old).password == Secret("old-secret")


@given(given=st.dictionaries(st.sampled_from([*ROUTER, *AGENT, "tls", "vlans", "contacts", "x", "é\ud800"]), VALUES))
def test_any_body_is_read_or_refused(given: dict[str, Any]) -> None:
    """Never a crash; and a field's name is always one a page can show."""
    for read in (
        read_device,
        read_tenant,
        read_isp,
        lambda each: read_link(each, KNOWN),
        lambda each: read_circuit(each, KNOWN, "t"),
        lambda each: read_maintenance(each, KNOWN),
    ):
        errors: Sequence[EntryError] = ()
        try:
            read(given)
        except EntryErrors as error:
            errors = error.errors
        assert all(found.field.isprintable() and len(found.text.splitlines()) == 1 for found in errors)


def test_a_bomb_is_refused() -> None:
    """However deep it is nested."""
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(EntryErrors, match="nested more than"):
        read_tenant({"id": "t", "kind": "client", "name": deep})


def plain(given: Any) -> Any:
    """As JSON would bring it: with floats for decimals."""
    return json.loads(json.dumps(given, default=float))
