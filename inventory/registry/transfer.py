"""Moves an inventory into the registry: what is new is added, what differs changed, what is gone removed, or nothing.

It writes in bulk, since a file of 10,000 circuits is as common as one of ten. The history of plans goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Column, Table, insert, select, update

from inventory.bodies import isp_body, link_body, maintenance_body
from inventory.certificates import with_certificates_inside
from inventory.models import Circuit, Inventory, Isp, Link, Maintenance, Tenant
from inventory.problems import InventoryError
from inventory.registry.audit import Actor, record
from inventory.registry.bulk import Bulk, Change, Diff, Named, diff, same_device, same_tenant
from inventory.registry.changes import take_turn
from inventory.registry.circuits import columns_of as circuit_columns
from inventory.registry.circuits import told_body as told_circuit
from inventory.registry.devices import columns_of as device_columns
from inventory.registry.devices import told_device
from inventory.registry.inventories import load_inventory_of
from inventory.registry.links import columns_of as link_columns
from inventory.registry.links import vlan_rows
from inventory.registry.plans import add_first_plans, begin_earlier, begin_plan
from inventory.registry.retired import not_theirs, retire
from inventory.registry.scope import Transaction
from inventory.registry.tables import (
    circuits,
    contacts,
    devices,
    isp_revisions,
    isps,
    links,
    maintenance,
    maintenance_circuits,
    maintenance_links,
    retired_tenants,
    tenants,
    vlans,
)
from inventory.registry.tenants import contact_rows, put_contacts
from inventory.registry.tenants import told_body as told_tenant
from inventory.registry.told import told
from inventory.registry.windows import circuit_rows, link_rows
from inventory.registry.windows import columns_of as window_columns
from inventory.vault import Vault

T = TypeVar("T", bound=Named)


def import_inventory(tx: Transaction, inventory: Inventory, vault: Vault, actor: Actor) -> list[Change]:
    """Let the registry hold exactly this inventory of its isp; returns what changed. For the service scope.

    Raises InventoryError for an id that another isp has, naming both, or that a tenant had that was deleted, and for
    certificates that cannot be read.
    """
    new = with_certificates_inside(inventory)
    _refuse_used_ids(tx, new)
    is_new = _begin(tx, new.isp)
    old = load_inventory_of(tx, new.isp.id, vault)
    done = _Import(tx, old, new, vault, actor).run()
    if is_new or old.isp != new.isp:
        done.insert(0, Change("created" if is_new else "changed", "isp", new.isp.id))
    if done:
        take_turn(tx, new.isp.id)
        detail: dict[str, Any] = {}
        for change in done:
            detail.setdefault(change.what, {}).setdefault(change.kind, []).append(change.id)
        if fields := _fields(old, new, done):
            detail["changes"] = fields
        record(tx, actor, "import", "inventory", new.isp.id, detail, isp=new.isp.id)
    return done


class _Import:
    """One import, in an order in which rows may come and go."""

    def __init__(self, tx: Transaction, old: Inventory, new: Inventory, vault: Vault, actor: Actor) -> None:
        self._tx = tx
        self._old = old
        self._new = new
        self._vault = vault
        self._actor = actor
        self._isp = new.isp.id
        self._bulk = Bulk(tx, self._isp)

    def run(self) -> list[Change]:
        """Do it."""
        old, new, bulk = self._old, self._new, self._bulk
        moved = self._moved()
        hit = {window.id for window in old.maintenance if not moved.isdisjoint(window.circuits)}
        its_devices = diff("device", old.devices.values(), new.devices.values(), same_device)
        its_links = diff("link", old.links.values(), new.links.values())
        its_tenants = diff("tenant", old.tenants.values(), new.tenants.values(), same_tenant)
        # A circuit of another tenant is another circuit, with a history of its own.
        its_circuits = diff("circuit", (it for it in old.circuits() if it.id not in moved), new.circuits())
        its_windows = diff(
            "maintenance", old.maintenance, new.maintenance, lambda one, other: one == other and one.id not in hit
        )
        bulk.remove(maintenance.c.maintenance, its_windows.gone)
        bulk.remove(circuits.c.circuit, (*its_circuits.gone, *moved))
        bulk.remove(links.c.link, its_links.gone)
        self._put_isp()
        bulk.put(devices.c.device, its_devices, lambda device: device_columns(device, self._vault))
        self._put_tenants(its_tenants)
        self._put_links(its_links)
        self._put_circuits(its_circuits)
        self._count_circuits(its_tenants, its_circuits)
        self._put_windows(its_windows)
        bulk.remove(tenants.c.tenant, its_tenants.gone)
        retire(self._tx, self._isp, [old.tenants[name] for name in its_tenants.gone])
        bulk.remove(devices.c.device, its_devices.gone)
        return [
            *self._in_order(devices.c.device, its_devices),
            *self._in_order(links.c.link, its_links),
            *self._in_order(tenants.c.tenant, its_tenants),
            *self._in_order(circuits.c.circuit, its_circuits),
            *self._in_order(maintenance.c.maintenance, its_windows),
        ]

    def _moved(self) -> set[str]:
        """The circuits that have another tenant now."""
        before, after = self._old.circuit_by_id, self._new.circuit_by_id
        return {name for name in before if name in after and before[name].tenant != after[name].tenant}

    def _in_order(self, key: Column[str], told: Diff[T]) -> list[Change]:
        self._bulk.keep_order(key, told.position)
        return told.told()

    def _put_isp(self) -> None:
        isp = self._new.isp
        if self._old.isp == isp:
            return
        values = {"name": isp.name, "timezone": isp.timezone, "currency": isp.currency}
        self._bulk.change(isps.c.isp, {isp.id: values}, count=True)
        put_contacts(self._tx, isp.id, None, isp.contacts)

    def _put_tenants(self, told: Diff[Tenant]) -> None:
        self._bulk.remove(retired_tenants.c.tenant, [tenant.id for tenant in told.new])
        self._bulk.put(tenants.c.tenant, told, lambda tenant: {"kind": tenant.kind, "name": tenant.name})
        self._bulk.remove(contacts.c.tenant, [tenant.id for tenant in told.changed])
        rows = [row for tenant in told.written for row in contact_rows(self._isp, tenant.id, tenant.contacts)]
        self._bulk.add(contacts, rows)

    def _count_circuits(self, told: Diff[Tenant], on: Diff[Circuit]) -> None:
        """A circuit more or less is another version of its tenant, as where one is written alone."""
        before, came = self._old.circuit_by_id, {circuit.id: circuit.tenant for circuit in on.new}
        hit = {*came.values(), *(before[name].tenant for name in (*on.gone, *came) if name in before)}
        counted = {*(tenant.id for tenant in told.written), *told.gone}
        self._bulk.change(tenants.c.tenant, {name: {} for name in sorted(hit - counted)}, count=True)

    def _put_links(self, told: Diff[Link]) -> None:
        self._bulk.put(links.c.link, told, link_columns)
        self._bulk.remove(vlans.c.link, [link.id for link in told.changed])
        self._bulk.add(vlans, [row for link in told.written for row in vlan_rows(self._isp, link)])

    def _put_circuits(self, told: Diff[Circuit]) -> None:
        self._bulk.put(circuits.c.circuit, told, lambda circuit: {"tenant": circuit.tenant, **circuit_columns(circuit)})
        add_first_plans(self._tx, self._isp, told.new, self._actor)
        for circuit in told.changed:
            before = self._old.circuit_by_id[circuit.id]
            if before.committed != circuit.committed:
                begin_plan(self._tx, self._isp, circuit, self._actor)
            if before.active.first != circuit.active.first:
                begin_earlier(self._tx, self._isp, circuit, self._actor)

    def _put_windows(self, told: Diff[Maintenance]) -> None:
        self._bulk.put(maintenance.c.maintenance, told, window_columns)
        changed = [window.id for window in told.changed]
        self._bulk.remove(maintenance_circuits.c.maintenance, changed)
        self._bulk.remove(maintenance_links.c.maintenance, changed)
        tenant_of = {name: circuit.tenant for name, circuit in self._new.circuit_by_id.items()}
        on_circuits = [row for window in told.written for row in circuit_rows(self._isp, window, tenant_of)]
        self._bulk.add(maintenance_circuits, on_circuits)
        self._bulk.add(maintenance_links, [row for window in told.written for row in link_rows(self._isp, window)])


def _fields(old: Inventory, new: Inventory, done: Iterable[Change]) -> dict[str, Any]:
    """Of what was changed each field by kind and id, as where one thing is written alone."""
    windows = [{window.id: window for window in of.maintenance} for of in (old, new)]
    found: dict[str, Any] = {}
    for kind, name in ((change.kind, change.id) for change in done if change.what == "changed"):
        if kind == "device":
            detail = told_device(old.devices[name], new.devices[name])
        else:
            bodies = (_body(of, kind, name, its) for of, its in zip((old, new), windows, strict=True))
            detail = told(*bodies)
        found |= {f"{kind} {name} {field}": pair for field, pair in detail["changes"].items()}
    return found


def _body(of: Inventory, kind: str, name: str, windows: Mapping[str, Maintenance]) -> Mapping[str, Any]:
    if kind == "isp":
        return isp_body(of.isp)
    if kind == "link":
        return link_body(of.links[name])
    if kind == "tenant":
        return told_tenant(of.tenants[name])
    return told_circuit(of.circuit_by_id[name]) if kind == "circuit" else maintenance_body(windows[name], of.isp.zone)


def _begin(tx: Transaction, isp: Isp) -> bool:
    """Make the isp's rows where they are not, take the turn of its writers; whether it is new."""
    is_new = tx.connection.execute(select(isps.c.isp).where(isps.c.isp == isp.id)).first() is None
    if is_new:
        row = {"isp": isp.id, "name": isp.name, "timezone": isp.timezone, "currency": isp.currency}
        tx.connection.execute(insert(isps).values(row))
        tx.connection.execute(insert(isp_revisions).values(isp=isp.id, revision=0))
    tx.connection.execute(
        update(isp_revisions).where(isp_revisions.c.isp == isp.id).values(revision=isp_revisions.c.revision)
    )
    return is_new


def _refuse_used_ids(tx: Transaction, inventory: Inventory) -> None:
    """Raise InventoryError for every id that another isp has, or that another tenant had."""
    given: tuple[tuple[Column[str], set[str]], ...] = (
        (devices.c.device, set(inventory.devices)),
        (links.c.link, set(inventory.links)),
        (tenants.c.tenant, set(inventory.tenants)),
        (circuits.c.circuit, set(inventory.circuit_by_id)),
        (maintenance.c.maintenance, {window.id for window in inventory.maintenance}),
    )
    problems = []
    for key, names in given:
        table = key.table
        assert isinstance(table, Table)
        query = select(key, table.c.isp).where(table.c.isp != inventory.isp.id).order_by(key)
        problems += [
            f'{key.name} "{name}": isp "{isp}" has it already; expected an id of its own in isp "{inventory.isp.id}"'
            for name, isp in tx.connection.execute(query)
            if name in names
        ]
    problems += not_theirs(tx, inventory.isp.id, inventory.tenants.values())
    if problems:
        raise InventoryError(problems)
