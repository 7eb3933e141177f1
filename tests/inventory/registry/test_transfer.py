"""The inventory file and the registry hold the same, whichever way it goes."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from inventory.loader import InventoryError, load_inventory
from inventory.models import Inventory
from inventory.registry.audit import CLI, entries
from inventory.registry.inventories import load_all, load_inventory_of, revisions
from inventory.registry.plans import plan_history
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.transfer import import_inventory
from inventory.yaml_export import export
from tests.devices.certificates import self_signed
from tests.inventory.registry.kit import VAULT, body, filled, written
from tests.inventory.test_loader_properties import BASE, VALUES, WITH_FILE, at, paths
from tests.inventory.test_loader_properties import load as load_text

Edit = Callable[[dict[str, Any]], object]


def order(inventory: Inventory) -> list[Any]:
    """Everything that has a place in a list; the models' mappings are equal in any order."""
    return [
        inventory.isp.contacts,
        list(inventory.devices),
        [(link.id, link.vlans) for link in inventory.links.values()],
        [(tenant.id, tenant.contacts, [c.id for c in tenant.circuits]) for tenant in inventory.tenants.values()],
        [(window.id, window.circuits, window.links) for window in inventory.maintenance],
    ]


def put(registry: Registry, inventory: Inventory) -> list[str]:
    with registry.write(SERVICE) as tx:
        return [str(change) for change in import_inventory(tx, inventory, VAULT, CLI)]


def held(registry: Registry, isp: str) -> Inventory:
    with registry.read(SERVICE) as tx:
        return load_inventory_of(tx, isp, VAULT)


def revealed(inventory: Inventory) -> dict[str, dict[str, str]]:
    return {
        device.id: {name: secret.reveal() for name, secret in device.secrets()} for device in inventory.devices.values()
    }


def exported(inventory: Inventory, path: Path) -> Inventory:
    """What is read back from the export, its variables filled with what the secrets were."""
    text, variables = export(inventory)
    assert "zq-" not in text
    values = [secret for secrets in revealed(inventory).values() for secret in secrets.values()]
    lines = [line.split("${")[1].split("}")[0] for line in text.splitlines() if "${" in line and "$${" not in line]
    environ = dict(zip(lines, values, strict=True))
    assert set(environ) == set(variables)
    path.write_text(text, encoding="utf-8")
    return load_inventory(path, environ)


def test_the_file_comes_back_as_it_was(databases: Registry, tmp_path: Path) -> None:
    """Import and export keep every value and the order of every list; no secret stands in the file."""
    for inventory in filled(databases, tmp_path, "sky", "metro"):
        found = held(databases, inventory.isp.id)
        assert found == inventory
        assert order(found) == order(inventory)
        assert revealed(found) == revealed(inventory)
        again = exported(found, tmp_path / "again.yml")
        assert again == inventory
        assert order(again) == order(inventory)


def test_certificates_are_taken_in(databases: Registry, tmp_path: Path) -> None:
    """The registry and the export hold the certificates of `ca_file`, and no key that stood beside them."""
    pem = self_signed(tmp_path)
    content = body("sky")
    content["devices"][0]["tls"] = {"ca_file": str(pem)}
    put(databases, written(tmp_path / "sky.yml", content))
    text = pem.read_text()
    pem.unlink()
    found = held(databases, "sky")
    assert found.devices["sky-core"].tls.ca == text[text.index("-----BEGIN CERTIFICATE") :]
    assert "PRIVATE KEY" in text
    assert exported(found, tmp_path / "again.yml") == found


def test_a_ca_file_without_certificates_is_refused(databases: Registry, tmp_path: Path) -> None:
    """Nothing is imported, and the error names file and device."""
    content = body("sky")
    content["devices"][0]["tls"] = {"ca_file": "ca.pem"}
    (tmp_path / "ca.pem").write_text("no certificate")
    inventory = written(tmp_path / "sky.yml", content)
    with pytest.raises(InventoryError, match=r'ca\.pem: device "sky-core": .* no certificates'):
        put(databases, inventory)
    with databases.read(SERVICE) as tx:
        assert load_all(tx) == ()


EDITS: list[tuple[str, Edit, list[str]]] = [
    ("nothing", lambda _: None, []),
    ("a name", lambda b: b["tenants"][0].update(name="Other"), ["changed tenant sky-t1"]),
    ("a commitment", lambda b: b["tenants"][0]["circuits"][0].update(committed_mbps=300), ["changed circuit sky-c1"]),
    ("the isp", lambda b: b["isp"].update(name="New", contacts=[]), ["changed isp sky"]),
    (
        "a secret's variable",
        lambda b: b["devices"][1]["snmp"].update(community="${SECRET}"),
        ["changed device sky-edge"],
    ),
    ("the order", lambda b: (b["devices"].reverse(), b["tenants"].reverse()), []),
    ("a VLAN less", lambda b: b["links"][0]["vlans"].pop(), ["changed link sky-up"]),
    (
        "the other device",
        lambda b: b["links"][0]["vlans"].pop() and b["devices"].pop(),
        ["changed link sky-up", "removed device sky-edge"],
    ),
    ("a window less", lambda b: b.pop("maintenance"), ["removed maintenance sky-m1"]),
    ("a tenant less", lambda b: b["tenants"].pop(), ["removed circuit sky-c2", "removed tenant sky-t2"]),
    (
        "a circuit that moves",
        lambda b: b["tenants"][1]["circuits"].append(b["tenants"][0]["circuits"].pop()),
        ["changed maintenance sky-m1", "created circuit sky-c1"],
    ),
    ("a device more", lambda b: b["devices"].append({**b["devices"][1], "id": "sky-new"}), ["created device sky-new"]),
    (
        "nothing left",
        lambda b: [b.pop(key) for key in ("links", "tenants", "maintenance")],
        [
            "removed circuit sky-c1",
            "removed circuit sky-c2",
            "removed link sky-up",
            "removed maintenance sky-m1",
            "removed tenant sky-t1",
            "removed tenant sky-t2",
        ],
    ),
]


@pytest.mark.parametrize(("edit", "told"), [each[1:] for each in EDITS], ids=[each[0] for each in EDITS])
def test_an_import_over_another_leaves_the_new_one(
    databases: Registry, tmp_path: Path, edit: Edit, told: list[str]
) -> None:
    """What changed is said and nothing else; the registry holds the new file, and the revision went up for a change."""
    filled(databases, tmp_path, "sky", "metro")
    with databases.read(SERVICE) as tx:
        before = revisions(tx)
    content = body("sky")
    edit(content)
    inventory = written(tmp_path / "new.yml", content)
    assert sorted(put(databases, inventory)) == told
    found = held(databases, "sky")
    assert found == inventory
    assert order(found) == order(inventory)
    with databases.read(SERVICE) as tx:
        after = revisions(tx)
    assert (after["sky"] > before["sky"]) == bool(told)
    assert after["metro"] == before["metro"]


def test_another_commitment_is_another_plan(databases: Registry, tmp_path: Path) -> None:
    """The history keeps what was bought before; an import that changes nothing else adds nothing to it."""
    filled(databases, tmp_path, "sky")
    for rate in (100, 300, 300, 50):
        content = body("sky")
        content["tenants"][0]["circuits"][0]["committed_mbps"] = rate
        put(databases, written(tmp_path / "new.yml", content))
    with databases.read(SERVICE) as tx:
        history = plan_history(tx, "sky-c1")
        assert [plan.committed.download for plan in history] == [100_000_000, 300_000_000, 50_000_000]
        assert [plan.set_by for plan in history] == ["cli"] * 3


def test_an_id_of_another_isp_is_refused(databases: Registry, tmp_path: Path) -> None:
    """The error names both isps and every such id; nothing of the file is taken."""
    filled(databases, tmp_path, "sky")
    content = body("metro")
    content["devices"].append({**content["devices"][1], "id": "sky-core"})
    content["tenants"][0]["id"] = "sky-t1"
    inventory = written(tmp_path / "metro.yml", content)
    with pytest.raises(InventoryError) as caught:
        put(databases, inventory)
    assert caught.value.problems == (
        'device "sky-core": isp "sky" has it already; expected an id of its own in isp "metro"',
        'tenant "sky-t1": isp "sky" has it already; expected an id of its own in isp "metro"',
    )
    with databases.read(SERVICE) as tx:
        assert [each.isp.id for each in load_all(tx)] == ["sky"]


def test_an_import_is_in_the_audit(databases: Registry, tmp_path: Path) -> None:
    """Who imported, and what changed by it: of each thing the fields, old and new."""
    filled(databases, tmp_path, "sky")
    with databases.read(SERVICE) as tx:
        entry = entries(tx).items[0]
    assert (entry.isp, entry.actor, entry.action, entry.object_id) == ("sky", "cli", "import", "sky")
    assert entry.detail["created"]["circuit"] == ["sky-c1", "sky-c2"]
    assert entry.detail.keys() == {"created"}
    content = body("sky")
    content["isp"]["name"] = "Blue"
    content["devices"][1]["snmp"]["community"] = "zq-other-secret"
    content["links"][0]["threshold_mbps"] = 900
    content["tenants"][0]["name"] = "Other"
    content["tenants"][1]["circuits"][0]["committed_mbps"] = 300
    content["maintenance"][0]["ends"] = "2026-11-20T04:00+06:00"
    put(databases, written(tmp_path / "new.yml", content))
    with databases.read(SERVICE) as tx:
        detail = entries(tx).items[0].detail
    assert detail["changed"]["circuit"] == ["sky-c2"]
    assert detail["changes"] == {
        "isp sky name": ["Sky Ltd", "Blue"],
        "device sky-edge community": "replaced",
        "link sky-up threshold_mbps": [950, 900],
        "tenant sky-t1 name": ["Tenant 1 of sky", "Other"],
        "circuit sky-c2 committed_mbps.download": [100, 300],
        "circuit sky-c2 committed_mbps.upload": [100, 300],
        "maintenance sky-m1 ends": ["2026-11-20T03:00:00+06:00", "2026-11-20T04:00:00+06:00"],
    }


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(
    lambda text: "".join(c for c in text if c.isprintable()).strip() or "x"
) | st.sampled_from(
    ["yes", "0123", "null", "~", "12:30", "- a", "a: b", "a #b", "${X}", "é\u200dক", "!x", "{}", "=", "<<"]
)
MBPS = st.integers(1, 10**14).map(lambda bps: Decimal(bps).scaleb(-6))
PERCENT = st.integers(1, 10**15 - 1).map(lambda part: Decimal(part).scaleb(-13))


# Hypothesis wants naive bounds, and adds the zone.
FIRST, LAST = (datetime.fromisoformat(f"{year}-01-01") for year in (1972, 2198))
STARTS = st.datetimes(FIRST, LAST, timezones=st.sampled_from([UTC, ZoneInfo("Asia/Dhaka")]))


# Looking for the smallest failing example would take minutes on a database.
ON_DATABASE = settings(WITH_FILE, phases=(Phase.explicit, Phase.reuse, Phase.generate))


class Undone(Exception):
    """Ends a transaction without a trace."""


def comes_back(registry: Registry, inventory: Inventory, folder: Path) -> None:
    """What was read is what the registry gives and what its export reads back; nothing of it stays."""
    with contextlib.suppress(Undone), registry.write(SERVICE) as tx:
        import_inventory(tx, inventory, VAULT, CLI)
        found = load_inventory_of(tx, inventory.isp.id, VAULT)
        assert found == inventory
        assert order(found) == order(inventory)
        again = exported(found, folder / "again.yml")
        assert again == inventory
        assert order(again) == order(inventory)
        raise Undone


@settings(ON_DATABASE, max_examples=20)
@given(data=st.data())
def test_any_good_file_comes_back(databases: Registry, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever text and numbers a file holds: what was read is what is read back from the registry and its export."""
    content = body("sky")
    content["isp"]["name"] = typed(data)
    circuit = content["tenants"][0]["circuits"][0]
    circuit["name"] = typed(data)
    circuit["attach"] = {"interface": typed(data)}
    circuit["committed_mbps"] = {"download": data.draw(MBPS), "upload": data.draw(MBPS)}
    circuit["sla"] = {"uptime_percent": data.draw(PERCENT), "loss_percent": data.draw(PERCENT)}
    window = content["maintenance"][0]
    window["reason"] = typed(data)
    window["starts"] = data.draw(STARTS).isoformat()
    window["ends"], window["approved_at"] = "2199-12-31T23:59Z", "1971-01-01T00:00Z"
    comes_back(databases, written(tmp_path / "one.yml", content), tmp_path)


@settings(ON_DATABASE, max_examples=50)
@given(data=st.data())
def test_a_file_with_anything_anywhere_comes_back(databases: Registry, tmp_path: Path, data: st.DataObject) -> None:
    """The same for files that have values of any type in any place and still are good ones."""
    content = copy.deepcopy(BASE)
    place = data.draw(st.sampled_from([found for found in paths(content) if found]))
    at(content, place[:-1])[place[-1]] = data.draw(VALUES)
    inventory = load_text(tmp_path / "one.yml", yaml.safe_dump(content, allow_unicode=True))
    if inventory is not None:  # most are not good files
        comes_back(databases, inventory, tmp_path)


def typed(data: st.DataObject) -> str:
    return data.draw(TEXT).replace("${", "$${")
