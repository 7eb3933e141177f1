"""Circuits: what a tenant bought on which interface, queue or session, how it is, and how it is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.bodies import circuit_body
from inventory.entries import read_circuit
from inventory.models import Circuit
from inventory.registry.alerts import Filters
from inventory.registry.circuits import CircuitRow, delete_circuit, get_circuit, save_circuit
from inventory.registry.listing import device_places
from inventory.registry.plans import plan_history
from inventory.registry.scope import Transaction
from inventory.registry.tenants import get_tenant
from portal.api.known import known_devices
from portal.services import services
from portal.staff.actors import actor
from portal.staff.around import Drawn, alerts_of, counted, isp, seen, windows_on
from portal.staff.forms import Form, deleted, exchanged
from portal.staff.limits import drifts
from portal.states import circuits_now
from portal.tenancy import identity, needs

blueprint = Blueprint("circuits", __name__)

ATTACH_KINDS = (("queue", "a queue"), ("interface", "an interface"), ("pppoe", "a PPPoE session"))
FACES = (
    ("customer", "the customer: what the router sends is download"),
    ("upstream", "upstream: what the router receives is download"),
)


@blueprint.get("/circuits/<circuit>")
@needs("tenants.read")
def show(circuit: str) -> str:
    """One circuit."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, circuit)
        plans = plan_history(tx, circuit)
        alerts, windows = alerts_of(tx, Filters(circuit=circuit)), windows_on(tx, circuit=circuit)
    now = seen(circuits_now(services().prometheus, isp(), [circuit]))[circuit]
    seen_limit = {"download": now.limit_download_bps, "upload": now.limit_upload_bps}
    return render_template(
        "staff/circuit.html",
        row=row,
        circuit=row.circuit,
        now=now,
        drifts=drifts(seen_limit, row.circuit.committed),
        plans=list(reversed(plans)),
        charts=_charts(row.circuit),
        alerts=alerts,
        windows_found=windows,
        loses=[f"its {counted(len(plans), 'plan')}: what was bought when", "its place in maintenance windows"],
    )


@blueprint.route("/tenants/<tenant>/circuits/new", methods=["GET", "POST"])
@needs("tenants.write")
def new(tenant: str) -> str | Response:
    """Make a circuit of a tenant."""
    with services().registry.read(identity().scope) as tx:
        found = get_tenant(tx, tenant)
    if found is None:
        raise NotFound
    start = Form({"attach_kind": "queue", "faces": "customer", "ping_from": "server"})
    form, done = exchanged(start, lambda tx, form: _save(tx, form, tenant), lambda _: None, place=_place)
    return _answer(form, None, tenant, found.tenant.name, done=done)


@blueprint.route("/circuits/<circuit>/edit", methods=["GET", "POST"])
@needs("tenants.write")
def edit(circuit: str) -> str | Response:
    """Change a circuit; another commitment begins a new plan."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, circuit)
    tenant = row.circuit.tenant
    start = Form(_shown(row.circuit), row.version)
    form, done = exchanged(
        start,
        lambda tx, form: _save(tx, form, tenant),
        lambda tx: _now(tx, circuit),
        place=_place,
        fixed={"id": circuit},
    )
    return _answer(form, row.circuit, tenant, row.tenant_name, done=done)


@blueprint.post("/circuits/<circuit>/delete")
@needs("tenants.write")
def delete(circuit: str) -> Response:
    """Take a circuit out of the inventory."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, circuit)
    return deleted(
        lambda tx, version: delete_circuit(tx, circuit, version=version, actor=actor()),
        f'The circuit "{row.circuit.name}" was deleted.',
        back=url_for("circuits.show", circuit=circuit),
        to=url_for("tenants.show", tenant=row.circuit.tenant),
    )


def _answer(form: Form, current: Circuit | None, tenant: str, tenant_name: str, *, done: bool) -> str | Response:
    if done:
        flash("The circuit was saved. It is measured as described from the next reading on.")
        return redirect(url_for("circuits.show", circuit=form.values["id"]), 303)
    with services().registry.read(identity().scope) as tx:
        devices = device_places(tx)
    back = url_for("circuits.show", circuit=current.id) if current else url_for("tenants.show", tenant=tenant)
    return render_template(
        "staff/circuit_form.html",
        form=form,
        current=current,
        tenant=tenant,
        tenant_name=tenant_name,
        devices=devices,
        attach_kinds=ATTACH_KINDS,
        faces=FACES,
        back=back,
    )


def _found(tx: Transaction, circuit: str) -> CircuitRow:
    row = get_circuit(tx, circuit)
    if row is None:
        raise NotFound
    return row


def _save(tx: Transaction, form: Form, tenant: str) -> None:
    known = known_devices(tx, form.mapping.get("device"))
    circuit = read_circuit(_entry(form.mapping), known, tenant)
    save_circuit(tx, circuit, version=form.version, actor=actor())


def _now(tx: Transaction, circuit: str) -> tuple[Mapping[str, Any], int] | None:
    row = get_circuit(tx, circuit)
    return None if row is None else (_shown(row.circuit), row.version)


def _shown(circuit: Circuit) -> dict[str, Any]:
    """The entry as the form asks for it: one field for the name on the device, one for each direction."""
    entry = circuit_body(circuit)
    del entry["attach"]
    rate = entry["committed_mbps"]
    return {
        **entry,
        "attach_kind": circuit.attach.kind,
        "attach_name": circuit.attach.name,
        "committed_mbps": rate if isinstance(rate, Mapping) else {"download": rate, "upload": rate},
        "ping_from": circuit.ping_from,
    }


def _entry(form: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round. Download alone is the plan of both directions."""
    entry = {key: value for key, value in form.items() if key not in {"attach_kind", "attach_name"}}
    entry["attach"] = {str(form.get("attach_kind", "queue")): form.get("attach_name")}
    rate = form.get("committed_mbps")
    if isinstance(rate, Mapping) and rate.keys() == {"download"}:
        entry["committed_mbps"] = rate["download"]
    return entry


def _place(field: str) -> str:
    if field == "attach" or field.startswith("attach."):
        return "attach_name"
    return {"committed_mbps": "committed_mbps.download", "active": "active.until"}.get(field, field)


def _charts(circuit: Circuit) -> list[Drawn]:
    about = {"circuit": circuit.id}
    drawn = [Drawn("circuit-traffic", about, "Traffic")]
    if circuit.ping:
        drawn += [Drawn("circuit-ping", about, "Ping"), Drawn("circuit-loss", about, "Lost pings")]
    return [*drawn, Drawn("circuit-up", about, "Time up")]
