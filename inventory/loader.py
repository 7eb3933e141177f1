"""Loads the strict inventory file: everything that is wrong with it is said at once, nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from inventory.device_section import device
from inventory.link_section import link
from inventory.maintenance_section import maintenance
from inventory.models import Device, Inventory, Link, Tenant
from inventory.problems import Failed, InventoryError, Problems
from inventory.reader import TOP, Entry, Field, Read, Source, listing
from inventory.tenant_section import isp, tenant
from inventory.yaml_nodes import read_root

__all__ = ["InventoryError", "load_inventory", "summary"]

_Named = TypeVar("_Named", Device, Link, Tenant)


def load_inventory(path: Path, environ: Mapping[str, str], *, devices: bool = True) -> Inventory:
    """Read, check and cross-check one inventory file; `${NAME}` is taken from `environ`.

    Without `devices` they are left unread, with the secrets and files they name: for who needs only contacts and names.

    Raises InventoryError with all problems, each `FILENAME:LINE: PLACE: what is wrong; what was expected`,
    the file named as `path` names it. No problem shows a secret.
    """
    problems = Problems(str(path))
    source = Source(path.parent, environ, problems)
    root = Entry(Field(source, read_root(path), TOP, "the file"), TOP)
    try:
        inventory = _inventory(root, with_devices=devices)
    except Failed:
        inventory = None
    source.ids.report_unknown(problems)
    problems.raise_if_any()
    assert inventory is not None, "what failed has been reported"
    return inventory


def summary(inventory: Inventory) -> str:
    """What the inventory holds, counted, in one line."""
    counts = (
        (len(inventory.devices), "device"),
        (len(inventory.links), "link"),
        (sum(len(link.vlans) for link in inventory.links.values()), "VLAN"),
        (len(inventory.tenants), "tenant"),
        (sum(1 for _ in inventory.circuits()), "circuit"),
        (len(inventory.maintenance), "maintenance window"),
    )
    parts = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    return f"{inventory.isp.id}: {parts}"


def _inventory(root: Entry, *, with_devices: bool) -> Inventory:
    owner = root.need("isp", isp)
    devices = root.need("devices", listing("device", device, holds=("device",))) if with_devices else _unread(root)
    links = root.maybe("links", listing("link", link, holds=("link",))).otherwise(())
    tenants = root.maybe("tenants", listing("tenant", tenant, holds=("tenant", "circuit"))).otherwise(())
    windows = root.maybe("maintenance", listing("maintenance", maintenance)).otherwise(())
    if not root.finish():
        # A key that was not read may have been meant to be one of these.
        root.source.ids.lose_track("device", "link", "tenant", "circuit")
    return Inventory(
        isp=owner.value,
        devices=_by_id(devices.value),
        links=_by_id(links.value),
        tenants=_by_id(tenants.value),
        maintenance=windows.value,
    )


def _unread(root: Entry) -> Read[tuple[Device, ...]]:
    """No devices, and any id may be one."""
    root.ignore("devices")
    root.source.ids.lose_track("device")
    return Read(root.line, ())


def _by_id(things: Sequence[_Named]) -> Mapping[str, _Named]:
    return MappingProxyType({thing.id: thing for thing in things})
