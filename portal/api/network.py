"""Devices and upstream links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.entries import read_device, read_link
from inventory.models import Device, Link
from inventory.registry.devices import DeviceRow, delete_device, get_device, list_devices, save_device
from inventory.registry.links import LinkRow, delete_link, get_link, list_links, save_link
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from portal.api import shapes, written
from portal.api.asked import actor
from portal.api.known import known_devices
from portal.api.operations import subject
from portal.api.things import Kind, register
from portal.services import services

DEVICES = subject("Devices", "Routers and switches that are polled. Their secrets can be written and never read.")
LINKS = subject("Links", "Upstream (NTTN) links: VLANs that share one alert threshold.")


def _find_devices(tx: Transaction, query: Mapping[str, Any]) -> Page[DeviceRow]:
    return list_devices(tx, search=query.get("search"), page=query["page"], per_page=query["per_page"])


def _find_links(tx: Transaction, query: Mapping[str, Any]) -> Page[LinkRow]:
    return list_links(tx, search=query.get("search"), page=query["page"], per_page=query["per_page"])


def _read_link(tx: Transaction, body: Mapping[str, Any], _: LinkRow | None) -> Link:
    vlans = body.get("vlans")
    members = vlans if isinstance(vlans, list) else []
    return read_link(body, known_devices(tx, *(vlan.get("device") for vlan in members if isinstance(vlan, dict))))


_DEVICES: Kind[DeviceRow, Device] = Kind(
    blueprint=DEVICES,
    singular="device",
    plural="devices",
    key="device",
    shape=shapes.Device,
    reads=("network.read",),
    writes=("network.write",),
    example={
        "id": "core-1",
        "driver": "routeros",
        "host": "192.0.2.1",
        "username": "monitor",
        "password": "made-up",
        "tls": {"enabled": True, "verify": False},
    },
    find=_find_devices,
    get=get_device,
    written=lambda row: written.device(row.device),
    read=lambda _, body, before: read_device(body, before.device if before else None),
    save=lambda tx, model, version: save_device(tx, model, version=version, actor=actor(), vault=services().vault),
    delete=lambda tx, device, version: delete_device(tx, device, version=version, actor=actor()),
)

_LINKS: Kind[LinkRow, Link] = Kind(
    blueprint=LINKS,
    singular="link",
    plural="links",
    key="link",
    shape=shapes.Link,
    reads=("network.read",),
    writes=("network.write",),
    example={
        "id": "nttn-dhaka",
        "name": "NTTN Dhaka",
        "threshold_mbps": 950,
        "measure": "max",
        "vlans": [{"vlan": 10, "device": "core-1", "interface": "vlan10", "capacity_mbps": 200}],
    },
    find=_find_links,
    get=get_link,
    written=lambda row: written.link(row.link),
    read=_read_link,
    save=lambda tx, model, version: save_link(tx, model, version=version, actor=actor()),
    delete=lambda tx, link, version: delete_link(tx, link, version=version, actor=actor()),
)

register(_DEVICES)
register(_LINKS)
