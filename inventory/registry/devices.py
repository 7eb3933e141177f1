"""Devices of the registry: how they are reached, with their secrets sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, select

from inventory.bodies import device_body
from inventory.device_section import DRIVERS
from inventory.models import Device, SnmpKey, SnmpSettings, Tls
from inventory.registry import changes
from inventory.registry.audit import Actor, record
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, devices, vlans
from inventory.registry.told import told, told_secrets
from inventory.secrets import SealedSecret, Secret
from inventory.vault import SealBroken, Vault, device_secret

_NOT_OPENED = "it was read without the key that opens it"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device, whose it is, and the version a write compares."""

    device: Device
    isp: str
    version: int


def list_devices(  # noqa: PLR0913 - filters, each by its name
    tx: Transaction,
    *,
    search: str | None = None,
    driver: str | None = None,
    names: Sequence[str] | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page[DeviceRow]:
    """The devices the scope may see in the order of the file, secrets sealed. With `names`, those of these ids."""
    where = [tx.visible(devices), *matches(search, devices.c.device, devices.c.host, devices.c.place)]
    if driver:
        where.append(devices.c.driver == driver)
    if names is not None:
        where.append(devices.c.device.in_(names))
    window = Window(page, per_page)
    query = select(devices).where(*where).order_by(devices.c.isp, devices.c.position, devices.c.device)
    rows = tx.connection.execute(query.limit(window.limit).offset(window.offset)).mappings()
    return window.of([_row(row, None) for row in rows], changes.count(tx, devices, *where))


def get_device(tx: Transaction, device: str, vault: Vault | None = None) -> DeviceRow | None:
    """The device of that id, None where the scope sees none; its secrets are open where `vault` opens them."""
    query = select(devices).where(tx.visible(devices), devices.c.device == device)
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else _row(row, vault)


@changes.whole
def save_device(  # noqa: PLR0913 - each but the first two by its name
    tx: Transaction, device: Device, *, version: int | None, actor: Actor, vault: Vault, isp: str | None = None
) -> int:
    """Make the device (`version` None) or change it; returns its version.

    Raises Taken, Conflict, and InUse while it is asked for pings its driver cannot send. A secret that is sealed
    already is kept as it is.
    """
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    _refuse_pings(tx, device)
    values = columns_of(device, vault)
    before = get_device(tx, device.id, vault) if version is not None else None
    if version is None:
        place = changes.next_position(tx, devices, devices.c.isp == whose)
        changes.add(tx, devices, {"device": device.id, "isp": whose, "position": place, **values})
    else:
        changes.change(tx, devices.c.device, device.id, version, values)
    after = get_device(tx, device.id, vault)
    action = "create" if version is None else "update"
    detail = told_device(before.device if before else None, after.device if after else None)
    record(tx, actor, action, "device", device.id, detail, isp=whose)
    return (version or 0) + 1


def _refuse_pings(tx: Transaction, device: Device) -> None:
    asked = (circuits.c.device == device.id, circuits.c.ping.is_not(None), circuits.c.ping_from == "device")
    if not DRIVERS[device.driver].pings and (number := changes.count(tx, circuits, *asked)):
        many = "1 circuit is" if number == 1 else f"{number} circuits are"
        what = f"{many} pinged from it, which driver {device.driver} cannot do"
        raise changes.InUse(f'the device "{device.id}": {what}; let the server ping them first')


@changes.whole
def delete_device(tx: Transaction, device: str, *, version: int, actor: Actor, isp: str | None = None) -> None:
    """Remove the device. Raises Conflict, and InUse while circuits or VLANs are on it."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    carried = (
        (changes.count(tx, circuits, circuits.c.device == device), "circuit"),
        (changes.count(tx, vlans, vlans.c.device == device), "VLAN"),
    )
    if told := [f"{number} {word}{'' if number == 1 else 's'}" for number, word in carried if number]:
        raise changes.InUse(f'the device "{device}" carries {" and ".join(told)}; move or delete them first')
    found = get_device(tx, device)
    changes.remove(tx, devices.c.device, device, version)
    detail = told_device(found.device if found else None, None)
    record(tx, actor, "delete", "device", device, detail, isp=whose)


def load_devices(tx: Transaction, isp: str, vault: Vault | None) -> dict[str, Device]:
    """All devices of an isp by id, in the order of the file."""
    query = select(devices).where(tx.visible(devices), devices.c.isp == isp)
    rows = tx.connection.execute(query.order_by(devices.c.position, devices.c.device)).mappings()
    return {row["device"]: device_of(row, vault) for row in rows}


def columns_of(device: Device, vault: Vault) -> dict[str, Any]:
    """The device as the columns of its row, but for id, isp and position."""
    return {
        "driver": device.driver,
        "host": device.host,
        "port": device.port,
        "timeout_seconds": device.timeout_seconds,
        "place": device.place,
        "settings": {
            "username": device.username,
            "tls": _tls_settings(device.tls),
            "snmp": _snmp_settings(device.snmp),
        },
        "secrets": {name: _sealed(device.id, name, secret, vault) for name, secret in device.secrets()},
    }


def device_of(row: RowMapping, vault: Vault | None) -> Device:
    """The device of a row. A secret that does not open is a SealedSecret, so that it costs this device alone."""
    settings: Mapping[str, Any] = row["settings"]
    secrets = {name: _opened(row["device"], name, kept, vault) for name, kept in row["secrets"].items()}
    tls = settings["tls"]
    return Device(
        id=row["device"],
        driver=row["driver"],
        host=row["host"],
        port=row["port"],
        timeout_seconds=row["timeout_seconds"],
        username=settings["username"],
        password=secrets.get("password"),
        tls=Tls(enabled=tls["enabled"], verify=tls["verify"], ca=tls["ca"]),
        snmp=_snmp(settings["snmp"], secrets),
        place=row["place"],
    )


def told_device(before: Device | None, after: Device | None) -> dict[str, Any]:
    """What the audit tells of a write. Secrets and certificates are named and not shown."""
    detail = told(_shown(before) if before else None, _shown(after) if after else None)
    if after is None:
        return detail
    hidden = told_secrets(_hidden(before) if before else {}, _hidden(after))
    return {"changes": {**detail["changes"], **hidden}} if before else {**detail, **hidden}


def _shown(device: Device) -> dict[str, Any]:
    return device_body(replace(device, tls=replace(device.tls, ca=None)))


def _hidden(device: Device) -> dict[str, object]:
    return {**dict(device.secrets()), **({"tls.ca": device.tls.ca} if device.tls.ca else {})}


def _row(row: RowMapping, vault: Vault | None) -> DeviceRow:
    return DeviceRow(device_of(row, vault), row["isp"], row["version"])


def _tls_settings(tls: Tls) -> dict[str, Any]:
    assert tls.ca_file is None, "the registry keeps certificates, not where a file of them was"
    return {"enabled": tls.enabled, "verify": tls.verify, "ca": tls.ca}


def _snmp_settings(snmp: SnmpSettings | None) -> dict[str, Any] | None:
    if snmp is None:
        return None
    return {
        "version": snmp.version,
        "username": snmp.username,
        "auth": snmp.auth.protocol if snmp.auth else None,
        "privacy": snmp.privacy.protocol if snmp.privacy else None,
        "engine": snmp.engine,
    }


def _snmp(settings: Mapping[str, Any] | None, secrets: Mapping[str, Secret]) -> SnmpSettings | None:
    if settings is None:
        return None
    return SnmpSettings(
        version=settings["version"],
        community=secrets.get("community"),
        username=settings["username"],
        auth=SnmpKey(settings["auth"], secrets["auth"]) if settings["auth"] else None,
        privacy=SnmpKey(settings["privacy"], secrets["privacy"]) if settings["privacy"] else None,
        engine=settings["engine"],
    )


def _sealed(device: str, name: str, secret: Secret, vault: Vault) -> dict[str, str | None]:
    text = (
        secret.sealed if isinstance(secret, SealedSecret) else vault.seal(secret.reveal(), device_secret(device, name))
    )
    return {"sealed": text, "source": secret.source}


def _opened(device: str, name: str, kept: Mapping[str, str | None], vault: Vault | None) -> Secret:
    sealed = kept["sealed"] or ""
    if vault is None:
        return SealedSecret(sealed, _NOT_OPENED, kept["source"])
    try:
        return Secret(vault.open(sealed, device_secret(device, name)), kept["source"])
    except SealBroken as broken:
        return SealedSecret(sealed, f"the {name} of {device} cannot be opened: {broken}", kept["source"])
