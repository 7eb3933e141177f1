"""The things of an inventory in the shape of its file: what the parsers of the sections read back to the same.

Numbers are exact decimals in the file's units. Secrets are left to the caller, who alone knows where they may go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from inventory.models import (
    ActivePeriod,
    Circuit,
    Committed,
    Contact,
    Device,
    Inventory,
    Isp,
    Link,
    Maintenance,
    Sla,
    SnmpKey,
    SnmpSettings,
    Tenant,
    Tls,
    Vlan,
)
from inventory.secrets import Secret

Body = dict[str, Any]
# Gives what stands for a secret of that name (password, community, auth, privacy); None leaves it out.
Written = Callable[[str, Secret], str | None]


def inventory_body(inventory: Inventory, written: Callable[[str, str, Secret], str]) -> Body:
    """All of it. `written` gives what stands for the secret of that device and name."""
    devices = [
        device_body(device, lambda name, secret, device=device: written(device.id, name, secret))  # type: ignore[misc]
        for device in inventory.devices.values()
    ]
    zone = inventory.isp.zone
    return {
        "isp": isp_body(inventory.isp),
        "devices": devices,
        **_listed("links", (link_body(link) for link in inventory.links.values())),
        **_listed("tenants", (tenant_body(tenant) for tenant in inventory.tenants.values())),
        **_listed("maintenance", (maintenance_body(window, zone) for window in inventory.maintenance)),
    }


def isp_body(isp: Isp) -> Body:
    """An isp with its operators."""
    return {
        "id": isp.id,
        "name": isp.name,
        "timezone": isp.timezone,
        "currency": isp.currency,
        **_listed("contacts", map(contact_body, isp.contacts)),
    }


def contact_body(contact: Contact) -> Body:
    """A contact."""
    return _given(**asdict(contact))


def device_body(device: Device, written: Written = lambda _name, _secret: None) -> Body:
    """A device; without `written`, no secret and nothing in its place."""
    secured = device.tls != Tls()
    return _given(
        id=device.id,
        driver=device.driver,
        host=device.host,
        port=device.port,
        timeout_seconds=_number(Decimal(repr(device.timeout_seconds))),
        place=device.place,
        username=device.username,
        password=written("password", device.password) if device.password else None,
        tls=_tls(device.tls) if secured else None,
        snmp=_snmp(device.snmp, written) if device.snmp else None,
    )


def link_body(link: Link) -> Body:
    """A link with its VLANs."""
    return {
        "id": link.id,
        "name": link.name,
        "threshold_mbps": _mbps(link.threshold),
        "measure": link.measure,
        "vlans": [vlan_body(vlan) for vlan in link.vlans],
    }


def vlan_body(vlan: Vlan) -> Body:
    """One VLAN of a link."""
    return {
        "vlan": vlan.vlan,
        "device": vlan.device,
        "interface": vlan.interface,
        "capacity_mbps": _mbps(vlan.capacity),
    }


def tenant_body(tenant: Tenant) -> Body:
    """A tenant with its contacts and circuits."""
    return {
        "id": tenant.id,
        "kind": tenant.kind,
        "name": tenant.name,
        **_listed("contacts", map(contact_body, tenant.contacts)),
        **_listed("circuits", map(circuit_body, tenant.circuits)),
    }


def circuit_body(circuit: Circuit) -> Body:
    """A circuit."""
    return _given(
        id=circuit.id,
        name=circuit.name,
        device=circuit.device,
        attach={circuit.attach.kind: circuit.attach.name},
        faces=circuit.faces,
        committed_mbps=_committed(circuit.committed),
        ping=circuit.ping,
        ping_from=circuit.ping_from if circuit.ping else None,
        sla=_sla(circuit.sla) or None,
        active=_active(circuit.active) or None,
    )


def maintenance_body(window: Maintenance, zone: tzinfo) -> Body:
    """A window, its times in `zone`."""
    return _given(
        id=window.id,
        circuits=list(window.circuits),
        links=list(window.links),
        starts=moment_text(window.starts, zone),
        ends=moment_text(window.ends, zone),
        approved_at=moment_text(window.approved_at, zone),
        approved_by=window.approved_by,
        reason=window.reason,
    )


def moment_text(moment: datetime, zone: tzinfo) -> str:
    """A time with its offset as the file takes it; in UTC where the zone's offset had seconds (Liberia, 1971)."""
    local = moment.astimezone(zone)
    offset = local.utcoffset()
    whole = offset is not None and offset.total_seconds() % 60 == 0
    return (local if whole else moment.astimezone(UTC)).isoformat()


def _tls(tls: Tls) -> Body:
    ca_file = str(tls.ca_file) if tls.ca_file else None
    return _given(enabled=tls.enabled, verify=tls.verify, ca_file=ca_file, ca=tls.ca)


def _snmp(snmp: SnmpSettings, written: Written) -> Body:
    return _given(
        version=snmp.version,
        community=written("community", snmp.community) if snmp.community else None,
        username=snmp.username,
        auth=_key("auth", snmp.auth, written) if snmp.auth else None,
        privacy=_key("privacy", snmp.privacy, written) if snmp.privacy else None,
        engine=snmp.engine,
    )


def _key(name: str, key: SnmpKey, written: Written) -> Body:
    return _given(protocol=key.protocol, key=written(name, key.key))


def _committed(committed: Committed) -> Any:
    if committed.download == committed.upload:
        return _mbps(committed.download)
    return {"download": _mbps(committed.download), "upload": _mbps(committed.upload)}


def _sla(sla: Sla) -> Body:
    return _given(
        uptime_percent=_times(sla.uptime_ratio, 100),
        latency_ms=_times(sla.latency_seconds, 1000),
        loss_percent=_times(sla.loss_ratio, 100),
    )


def _active(active: ActivePeriod) -> Body:
    first, last = active.first, active.last
    return _given(**{"from": first.isoformat() if first else None, "until": last.isoformat() if last else None})


def _mbps(bits_per_second: int) -> int | Decimal:
    return _number(Decimal(bits_per_second) / 1_000_000)


def _times(value: float | None, factor: int) -> int | Decimal | None:
    """In the file's unit: the shortest decimal that is this float, so that it is read back as the same."""
    return None if value is None else _number(Decimal(repr(value)) * factor)


def _number(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value.normalize()


def _given(**values: Any) -> Body:
    return {name: value for name, value in values.items() if value is not None}


def _listed(name: str, items: Iterable[Mapping[str, Any]]) -> Body:
    found = list(items)
    return {name: found} if found else {}
