"""Resellers and clients of an isp in the registry, with who is told of their alerts; and the isp itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select

from inventory.bodies import contact_body, isp_body, tenant_body
from inventory.models import CONTACT_FIELDS, Circuit, Contact, Isp, Tenant
from inventory.registry import changes
from inventory.registry.audit import Actor, record
from inventory.registry.changes import Conflict, Gone, InUse, Refused, Taken
from inventory.registry.circuits import (
    CircuitRow,
    circuits_by_tenant,
    delete_circuit,
    get_circuit,
    list_circuits,
    save_circuit,
)
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.plans import Plan, plan_at, plan_history
from inventory.registry.retired import refuse_retired, retire
from inventory.registry.scope import Transaction
from inventory.registry.tables import contacts, isps, tenants
from inventory.registry.told import told
from inventory.registry.windows import drop_empty

__all__ = [
    "CircuitRow",
    "Conflict",
    "Gone",
    "InUse",
    "IspRow",
    "Plan",
    "Refused",
    "Taken",
    "TenantRow",
    "delete_circuit",
    "delete_tenant",
    "get_circuit",
    "get_isp",
    "get_tenant",
    "list_circuits",
    "list_isps",
    "list_tenants",
    "load_tenants",
    "plan_at",
    "plan_history",
    "save_circuit",
    "save_contacts",
    "save_isp",
    "save_tenant",
]


@dataclass(frozen=True, slots=True)
class IspRow:
    """An isp with its operators, and the version a write compares."""

    isp: Isp
    version: int


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant with its contacts and circuits, whose it is, and the version a write compares."""

    tenant: Tenant
    isp: str
    version: int


def list_isps(tx: Transaction) -> list[IspRow]:
    """The isps the scope may see, by id."""
    rows = tx.connection.execute(select(isps).where(tx.visible(isps)).order_by(isps.c.isp)).mappings().all()
    told = _contacts(tx, contacts.c.tenant.is_(None))
    return [IspRow(_isp(row, told.get((row["isp"], None), ())), row["version"]) for row in rows]


def get_isp(tx: Transaction, isp: str) -> IspRow | None:
    """The isp of that id, None where the scope sees none. A tenant sees none of its operators."""
    row = tx.connection.execute(select(isps).where(tx.visible(isps), isps.c.isp == isp)).mappings().first()
    if row is None:
        return None
    told = _contacts(tx, contacts.c.isp == isp, contacts.c.tenant.is_(None))
    return IspRow(_isp(row, told.get((isp, None), ())), row["version"])


@changes.whole
def save_isp(tx: Transaction, isp: Isp, *, version: int, actor: Actor) -> int:
    """Change name, time zone, currency and operators; returns the version. Raises Conflict."""
    changes.take_turn(tx, isp.id)
    before = get_isp(tx, isp.id)
    values = {"name": isp.name, "timezone": isp.timezone, "currency": isp.currency}
    changes.change(tx, isps.c.isp, isp.id, version, values)
    put_contacts(tx, isp.id, None, isp.contacts)
    detail = told(isp_body(before.isp) if before else None, isp_body(isp))
    record(tx, actor, "update", "isp", isp.id, detail, isp=isp.id)
    return version + 1


def list_tenants(  # noqa: PLR0913 - a list has these filters, each said by its name
    tx: Transaction,
    *,
    kind: str | None = None,
    search: str | None = None,
    names: Sequence[str] | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page[TenantRow]:
    """The tenants the scope may see, by name, with contacts and circuits: three queries, however many there are.

    With `names`, those of these ids.
    """
    where = [tx.visible(tenants), *matches(search, tenants.c.tenant, tenants.c.name)]
    if names is not None:
        where.append(tenants.c.tenant.in_(names))
    if kind:
        where.append(tenants.c.kind == kind)
    window = Window(page, per_page)
    query = select(tenants).where(*where).order_by(tenants.c.isp, tenants.c.name, tenants.c.tenant)
    rows = tx.connection.execute(query.limit(window.limit).offset(window.offset)).mappings().all()
    return window.of(_whole(tx, rows), changes.count(tx, tenants, *where))


def get_tenant(tx: Transaction, tenant: str) -> TenantRow | None:
    """The tenant of that id with its contacts and circuits, None where the scope sees none."""
    rows = tx.connection.execute(select(tenants).where(tx.visible(tenants), tenants.c.tenant == tenant))
    return next(iter(_whole(tx, rows.mappings().all())), None)


@changes.whole
def save_tenant(tx: Transaction, tenant: Tenant, *, version: int | None, actor: Actor, isp: str | None = None) -> int:
    """Make the tenant (`version` None) or change its name, kind and contacts, not its circuits; returns its version.

    Raises Taken, Conflict.
    """
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    values = {"kind": tenant.kind, "name": tenant.name}
    before = get_tenant(tx, tenant.id) if version is not None else None
    if version is None:
        refuse_retired(tx, whose, tenant.id)
        place = changes.next_position(tx, tenants, tenants.c.isp == whose)
        changes.add(tx, tenants, {"tenant": tenant.id, "isp": whose, "position": place, **values})
    else:
        changes.change(tx, tenants.c.tenant, tenant.id, version, values)
    put_contacts(tx, whose, tenant.id, tenant.contacts)
    detail = told(told_body(before.tenant) if before else None, told_body(tenant))
    action = "create" if version is None else "update"
    record(tx, actor, action, "tenant", tenant.id, detail, isp=whose, tenant=tenant.id)
    return (version or 0) + 1


@changes.whole
def save_contacts(  # noqa: PLR0913 - each but the first three by its name
    tx: Transaction, tenant: str, people: Sequence[Contact], *, version: int, actor: Actor, isp: str | None = None
) -> int:
    """Change who hears of a tenant's alerts, which the tenant may too; returns its version. Raises Conflict."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    before = get_tenant(tx, tenant)
    changed = changes.change(tx, tenants.c.tenant, tenant, version, {})
    put_contacts(tx, whose, tenant, people)
    detail = told(_contacts_body(before.tenant.contacts if before else ()), _contacts_body(people))
    record(tx, actor, "update", "contacts", tenant, detail, isp=whose, tenant=tenant)
    return changed


@changes.whole
def delete_tenant(tx: Transaction, tenant: str, *, version: int, actor: Actor, isp: str | None = None) -> None:
    """Remove the tenant with its contacts, circuits and logins; its id is used up. Raises Conflict."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    found = get_tenant(tx, tenant)
    if found is None:
        raise changes.conflict("tenant", tenant)
    changes.remove(tx, tenants.c.tenant, tenant, version)
    retire(tx, whose, [found.tenant])
    drop_empty(tx, whose, actor)
    detail = told(_with_circuits(found.tenant), None)
    record(tx, actor, "delete", "tenant", tenant, detail, isp=whose, tenant=tenant)


def load_tenants(tx: Transaction, isp: str) -> dict[str, Tenant]:
    """All tenants of an isp by id, in the order of the file, with contacts and circuits."""
    query = select(tenants).where(tx.visible(tenants), tenants.c.isp == isp)
    rows = tx.connection.execute(query.order_by(tenants.c.position, tenants.c.tenant)).mappings().all()
    return {row.tenant.id: row.tenant for row in _whole(tx, rows, isp)}


def put_contacts(tx: Transaction, isp: str, tenant: str | None, told: Iterable[Contact]) -> None:
    """Let exactly these be told, of a tenant's alerts or (None) as the isp's operators."""
    whose = contacts.c.tenant.is_(None) if tenant is None else contacts.c.tenant == tenant
    tx.connection.execute(delete(contacts).where(tx.visible(contacts), contacts.c.isp == isp, whose))
    changes.add_all(tx, insert(contacts), contact_rows(isp, tenant, told), "tenant")


def contact_rows(isp: str, tenant: str | None, told: Iterable[Contact]) -> list[dict[str, Any]]:
    """The rows of these contacts."""
    return [
        {"isp": isp, "tenant": tenant, "position": position, **asdict(contact)} for position, contact in enumerate(told)
    ]


def told_body(tenant: Tenant) -> dict[str, Any]:
    """What the audit tells of it: its circuits have entries of their own."""
    return tenant_body(replace(tenant, circuits=()))


def _with_circuits(tenant: Tenant) -> dict[str, Any]:
    return {**told_body(tenant), "circuits": [circuit.id for circuit in tenant.circuits]}


def _contacts_body(people: Iterable[Contact]) -> dict[str, Any]:
    return {"contacts": [contact_body(each) for each in people]}


def _whole(tx: Transaction, rows: Sequence[RowMapping], isp: str | None = None) -> list[TenantRow]:
    """The tenants of these rows; those of a whole isp are asked for by its name, not by their thousand ids."""
    if not rows:
        return []
    names = None if isp else [row["tenant"] for row in rows]
    told = _contacts(tx, contacts.c.tenant.in_(names) if names is not None else contacts.c.isp == isp)
    owned = circuits_by_tenant(tx, names=names, isp=isp)
    return [
        TenantRow(
            _tenant(row, told.get((row["isp"], row["tenant"]), ()), owned.get(row["tenant"], ())),
            row["isp"],
            row["version"],
        )
        for row in rows
    ]


def _contacts(tx: Transaction, *where: ColumnElement[bool]) -> Mapping[tuple[str, str | None], list[Contact]]:
    query = select(contacts).where(tx.visible(contacts), *where).order_by(contacts.c.position, contacts.c.id)
    found: dict[tuple[str, str | None], list[Contact]] = {}
    for row in tx.connection.execute(query).mappings():
        contact = Contact(**{name: row[name] for name in CONTACT_FIELDS})
        found.setdefault((row["isp"], row["tenant"]), []).append(contact)
    return found


def _isp(row: RowMapping, told: Iterable[Contact]) -> Isp:
    return Isp(row["isp"], row["name"], row["timezone"], row["currency"], tuple(told))


def _tenant(row: RowMapping, told: Iterable[Contact], owned: Iterable[Circuit]) -> Tenant:
    return Tenant(row["tenant"], row["kind"], row["name"], tuple(told), tuple(owned))
