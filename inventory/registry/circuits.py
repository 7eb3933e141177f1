"""Circuits of the registry: what a tenant buys, with the plan in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, false, select, update

from inventory.bodies import circuit_body
from inventory.models import ActivePeriod, Attach, Circuit, Sla
from inventory.registry import changes
from inventory.registry.audit import Actor, record
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.plans import begin_earlier, begin_plan, committed_of, last_plan
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, plans, tenants
from inventory.registry.told import told
from inventory.registry.windows import drop_empty


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """A circuit with its tenant's name and kind, whose it is, and the version a write compares."""

    circuit: Circuit
    tenant_name: str
    tenant_kind: str
    isp: str
    version: int


def list_circuits(  # noqa: PLR0913 - filters, each by its name
    tx: Transaction,
    *,
    tenant: str | None = None,
    device: str | None = None,
    search: str | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page[CircuitRow]:
    """The circuits the scope may see, by tenant and in the order of the file.

    A tenant is not told what its circuits run on, so it finds nothing by that either.
    """
    own = tx.scope.kind == "tenant"
    where = matches(search, circuits.c.circuit, circuits.c.name, *([] if own else [circuits.c.attach_name]))
    where += [circuits.c.tenant == tenant] if tenant else []
    where += [false() if own else circuits.c.device == device] if device else []
    window = Window(page, per_page)
    query = _query(tx, *where).limit(window.limit).offset(window.offset)
    rows = [_row(row) for row in tx.connection.execute(query).mappings()]
    return window.of(rows, changes.count(tx, circuits, *where))


def get_circuit(tx: Transaction, circuit: str) -> CircuitRow | None:
    """The circuit of that id, None where the scope sees none."""
    row = tx.connection.execute(_query(tx, circuits.c.circuit == circuit)).mappings().first()
    return None if row is None else _row(row)


@changes.whole
def save_circuit(
    tx: Transaction, circuit: Circuit, *, version: int | None, actor: Actor, isp: str | None = None
) -> int:
    """Make the circuit (`version` None) or change it; returns its version. Another commitment begins a new plan.

    A circuit stays with its tenant. Raises Taken, Conflict, Gone where tenant or device is not there any more, and
    InUse where it would begin to read what another tenant's circuit reads on the same days.
    """
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    values = columns_of(circuit)
    if version is None:
        place = changes.next_position(tx, circuits, circuits.c.tenant == circuit.tenant)
        own = {"circuit": circuit.id, "isp": whose, "tenant": circuit.tenant, "position": place}
        changes.add(tx, circuits, {**own, **values})
        _count_for(tx, circuit.tenant)
        before = None
    else:
        before = get_circuit(tx, circuit.id)
        if before is None or before.circuit.tenant != circuit.tenant:
            raise changes.conflict("circuit", circuit.id)
        changes.change(tx, circuits.c.circuit, circuit.id, version, values)
    if before is None or _reads(before.circuit) != _reads(circuit):
        _refuse_anothers(tx, circuit)
    if before is None or before.circuit.committed != circuit.committed:
        begin_plan(tx, whose, circuit, actor)
    if before is not None and before.circuit.active.first != circuit.active.first:
        begin_earlier(tx, whose, circuit, actor)
    detail = told(told_body(before.circuit) if before else None, told_body(circuit))
    action = "create" if version is None else "update"
    record(tx, actor, action, "circuit", circuit.id, detail, isp=whose, tenant=circuit.tenant)
    return (version or 0) + 1


@changes.whole
def delete_circuit(tx: Transaction, circuit: str, *, version: int, actor: Actor, isp: str | None = None) -> None:
    """Remove the circuit with its plans. Raises Conflict."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    found = get_circuit(tx, circuit)
    if found is None:
        raise changes.conflict("circuit", circuit)
    changes.remove(tx, circuits.c.circuit, circuit, version)
    _count_for(tx, found.circuit.tenant)
    drop_empty(tx, whose, actor)
    whole = told(told_body(found.circuit), None)
    record(tx, actor, "delete", "circuit", circuit, whole, isp=whose, tenant=found.circuit.tenant)


def circuits_by_tenant(
    tx: Transaction, *, names: Sequence[str] | None = None, isp: str | None = None
) -> Mapping[str, list[Circuit]]:
    """The circuits of these tenants, or of a whole isp, by tenant and in the order of the file."""
    which = circuits.c.tenant.in_(names) if names is not None else circuits.c.isp == isp
    found: dict[str, list[Circuit]] = {}
    for row in tx.connection.execute(_query(tx, which)).mappings():
        found.setdefault(row["tenant"], []).append(_circuit(row))
    return found


def _query(tx: Transaction, *where: ColumnElement[bool]) -> Select[Any]:
    in_force = (plans.c.circuit == circuits.c.circuit) & (plans.c.valid_from == last_plan())
    return (
        select(
            circuits,
            plans.c.download_bps,
            plans.c.upload_bps,
            tenants.c.name.label("tenant_name"),
            tenants.c.kind.label("tenant_kind"),
        )
        .join(plans, in_force)
        .join(tenants, (tenants.c.isp == circuits.c.isp) & (tenants.c.tenant == circuits.c.tenant))
        .where(tx.visible(circuits), *where)
        .order_by(circuits.c.isp, tenants.c.position, tenants.c.tenant, circuits.c.position, circuits.c.circuit)
    )


def columns_of(circuit: Circuit) -> dict[str, Any]:
    """The circuit as the columns of its row, but for what says whose it is, and its place."""
    first, last = circuit.active.first, circuit.active.last
    return {
        "name": circuit.name,
        "device": circuit.device,
        "attach_kind": circuit.attach.kind,
        "attach_name": circuit.attach.name,
        "faces": circuit.faces,
        "ping": circuit.ping,
        "ping_from": circuit.ping_from,
        "sla_uptime_ratio": circuit.sla.uptime_ratio,
        "sla_latency_seconds": circuit.sla.latency_seconds,
        "sla_loss_ratio": circuit.sla.loss_ratio,
        "active_from": first.isoformat() if first else None,
        "active_until": last.isoformat() if last else None,
    }


def _reads(circuit: Circuit) -> tuple[str, Attach, ActivePeriod]:
    """What it is read from, and when."""
    return circuit.device, circuit.attach, circuit.active


def _refuse_anothers(tx: Transaction, circuit: Circuit) -> None:
    """Raise InUse where another tenant would be shown the same traffic."""
    c, attach = circuits.c, circuit.attach
    where = (c.device == circuit.device, c.attach_kind == attach.kind, c.attach_name == attach.name)
    for row in tx.connection.execute(_query(tx, *where, c.tenant != circuit.tenant)).mappings():
        if _circuit(row).active.overlaps(circuit.active):
            what = f'the {attach.kind} "{attach.name}" of {circuit.device}'
            said = f'carries circuit "{row["circuit"]}" of {row["tenant"]} on the same days'
            raise changes.InUse(f"{what} {said}; choose another one, or other days")


def _count_for(tx: Transaction, tenant: str) -> None:
    """A circuit more or less is another version of its tenant: who deletes a tenant has seen what goes with it."""
    mine = update(tenants).where(tx.visible(tenants), tenants.c.tenant == tenant)
    tx.connection.execute(mine.values(version=tenants.c.version + 1))


def told_body(circuit: Circuit) -> dict[str, Any]:
    """What the audit tells of it: both directions, also where they are the same."""
    body = circuit_body(circuit)
    rate = body["committed_mbps"]
    return {**body, "committed_mbps": rate if isinstance(rate, Mapping) else {"download": rate, "upload": rate}}


def _row(row: RowMapping) -> CircuitRow:
    return CircuitRow(_circuit(row), row["tenant_name"], row["tenant_kind"], row["isp"], row["version"])


def _circuit(row: RowMapping) -> Circuit:
    first, last = row["active_from"], row["active_until"]
    return Circuit(
        id=row["circuit"],
        name=row["name"],
        tenant=row["tenant"],
        device=row["device"],
        attach=Attach(row["attach_kind"], row["attach_name"]),
        committed=committed_of(row),
        faces=row["faces"],
        ping=row["ping"],
        ping_from=row["ping_from"],
        sla=Sla(row["sla_uptime_ratio"], row["sla_latency_seconds"], row["sla_loss_ratio"]),
        active=ActivePeriod(
            date.fromisoformat(first) if first else None,
            date.fromisoformat(last) if last else None,
        ),
    )
