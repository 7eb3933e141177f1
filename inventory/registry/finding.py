"""Finds things by what people know of them: a name, a contact, a VLAN number, an address; and what touches a thing."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Table, and_, func, or_, select

from inventory.registry.pages import matches
from inventory.registry.people import User, user_from
from inventory.registry.scope import Transaction
from inventory.registry.tables import (
    circuits,
    contacts,
    devices,
    links,
    maintenance,
    maintenance_circuits,
    maintenance_links,
    tenants,
    users,
    vlans,
)

HitKind = Literal["reseller", "client", "circuit", "link", "vlan", "device"]


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found: `id` leads to it (a VLAN's is its link's), `about` says where it belongs."""

    kind: HitKind
    id: str
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Hits:
    """The first few of `total` things of one kind."""

    items: Sequence[Hit]
    total: int


@dataclass(frozen=True, slots=True)
class WindowOn:
    """A maintenance window that touches something; times are Unix seconds."""

    id: str
    starts: float
    ends: float
    reason: str


def tenant_ids(tx: Transaction, *, kind: str, search: str = "") -> list[str]:
    """The ids of all tenants of a kind by name; each word of `search` is in the id, the name or a contact."""
    where = [tx.visible(tenants), tenants.c.kind == kind, *_tenant_matches(tx, search)]
    return list(
        tx.connection.execute(
            select(tenants.c.tenant).where(*where).order_by(tenants.c.name, tenants.c.tenant)
        ).scalars()
    )


def users_of(tx: Transaction, tenant: str, limit: int = 50) -> list[User]:
    """Who may log in for a tenant."""
    query = select(users).where(tx.visible(users), users.c.tenant == tenant).order_by(users.c.name, users.c.id)
    return [user_from(dict(row)) for row in tx.connection.execute(query.limit(limit)).mappings()]


def windows_on(  # noqa: PLR0913 - one keyword for each kind of thing
    tx: Transaction,
    since: float,
    *,
    tenant: str | None = None,
    circuit: str | None = None,
    link: str | None = None,
    limit: int = 10,
) -> list[WindowOn]:
    """The windows on one thing that end after `since` (Unix seconds), next first."""
    on = maintenance_links if link is not None else maintenance_circuits
    named = {"tenant": tenant, "circuit": circuit, "link": link}
    member = [on.c[name] == value for name, value in named.items() if value is not None]
    touching = select(on.c.maintenance).where(tx.visible(on), *member)
    query = select(maintenance).where(
        tx.visible(maintenance), maintenance.c.ends > since, maintenance.c.maintenance.in_(touching)
    )
    rows = tx.connection.execute(query.order_by(maintenance.c.starts).limit(limit))
    return [WindowOn(row.maintenance, row.starts, row.ends, row.reason) for row in rows]


def names_of(tx: Transaction, ids: Sequence[str]) -> dict[str, str]:
    """The names of these tenants by id."""
    query = select(tenants.c.tenant, tenants.c.name).where(tx.visible(tenants), tenants.c.tenant.in_(ids))
    return {row.tenant: row.name for row in tx.connection.execute(query)} if ids else {}


def circuits_of(tx: Transaction, ids: Sequence[str]) -> list[Hit]:
    """These circuits, in the order of their ids as given; those the scope does not see are left out."""
    c = circuits.c
    query = select(c.circuit, c.name, c.tenant, c.device).where(tx.visible(circuits), c.circuit.in_(ids))
    rows = {row.circuit: row for row in tx.connection.execute(query)} if ids else {}
    return [
        Hit("circuit", one, rows[one].name, _told(rows[one].tenant, rows[one].device)) for one in ids if one in rows
    ]


def find_tenants(tx: Transaction, search: str, kind: Literal["reseller", "client"], limit: int) -> Hits:
    """Tenants by id, name or contact."""
    c = tenants.c
    rows, total = _first(tx, (c.name, c.tenant), [c.kind == kind, *_tenant_matches(tx, search)], limit)
    return Hits([Hit(kind, row.tenant, row.name, row.tenant) for row in rows], total)


def find_circuits(tx: Transaction, search: str, limit: int) -> Hits:
    """Circuits by id, name, tenant, ping address, or their name on the device."""
    c = circuits.c
    where = _either(search, c.circuit, c.name, c.attach_name, c.ping, c.tenant)
    rows, total = _first(tx, (c.name, c.circuit, c.tenant, c.device, c.ping), where, limit)
    return Hits(
        [Hit("circuit", row.circuit, row.name, _told(row.circuit, row.tenant, row.device, row.ping)) for row in rows],
        total,
    )


def find_devices(tx: Transaction, search: str, limit: int) -> Hits:
    """Devices by id, address or place."""
    c = devices.c
    rows, total = _first(tx, (c.device, c.host, c.place), _either(search, c.device, c.host, c.place), limit)
    return Hits([Hit("device", row.device, row.device, _told(row.host, row.place)) for row in rows], total)


def find_links(tx: Transaction, search: str, limit: int) -> Hits:
    """Links by id or name."""
    c = links.c
    rows, total = _first(tx, (c.name, c.link), matches(search, c.link, c.name), limit)
    return Hits([Hit("link", row.link, row.name, row.link) for row in rows], total)


def find_vlans(tx: Transaction, search: str, limit: int) -> Hits:
    """VLANs by their number (`30`, `vlan 30`) or their interface."""
    c = vlans.c
    number = search.lower().removeprefix("vlan").strip()
    where = matches(search, c.interface)
    if number.isascii() and number.isdigit() and len(number) <= 4:
        where = [or_(c.vlan == int(number), and_(*where))]
    rows, total = _first(tx, (c.vlan, c.link, c.device, c.interface), where, limit)
    return Hits(
        [Hit("vlan", row.link, f"VLAN {row.vlan}", _told(row.link, row.device, row.interface)) for row in rows], total
    )


def _told(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def _first(
    tx: Transaction, columns: Sequence[Column[Any]], where: Sequence[ColumnElement[bool]], limit: int
) -> tuple[Sequence[Any], int]:
    """The first rows in the order of the first column, and how many there are."""
    table = columns[0].table
    assert isinstance(table, Table)
    chosen = [tx.visible(table), *where]
    total: int = tx.connection.execute(select(func.count()).select_from(table).where(*chosen)).scalar_one()
    rows = tx.connection.execute(select(*columns).where(*chosen).order_by(columns[0]).limit(limit)).all()
    return rows, total


def _tenant_matches(tx: Transaction, search: str) -> list[ColumnElement[bool]]:
    """Each word is in the tenant's id or name, or in one of its contacts."""
    found = []
    for word in search.split():
        told = matches(word, contacts.c.name, contacts.c.email, contacts.c.whatsapp)
        by_contact = select(contacts.c.tenant).where(tx.visible(contacts), contacts.c.tenant.is_not(None), *told)
        found.append(or_(*matches(word, tenants.c.tenant, tenants.c.name), tenants.c.tenant.in_(by_contact)))
    return found


def _either(search: str, *columns: Column[str]) -> list[ColumnElement[bool]]:
    """As `matches`; an IPv6 address is found in whichever of its forms it was written."""
    try:
        address = ipaddress.ip_address(search.strip())
    except ValueError:
        return matches(search, *columns)
    forms = {search.strip(), str(address), address.exploded}
    return [or_(*(column.icontains(form, autoescape=True) for form in forms for column in columns))]
