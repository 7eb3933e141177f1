"""Circuits: made below their tenant, then known by their own id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from inventory.entries import EntryError, EntryErrors, read_circuit
from inventory.models import Circuit
from inventory.registry.circuits import CircuitRow, delete_circuit, get_circuit, list_circuits, save_circuit
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from portal.api import shapes, written
from portal.api.asked import actor
from portal.api.bodies import json_body
from portal.api.fields import identifier
from portal.api.known import known_devices
from portal.api.operations import subject
from portal.api.paging import SearchQuery, paged
from portal.api.things import Kind, create_in, register
from portal.tenancy import identity

blueprint = subject(
    "Circuits", "What a tenant buys. New ones are made at /resellers/ID/circuits or /clients/ID/circuits."
)

CIRCUIT_EXAMPLE: Mapping[str, Any] = {
    "id": "r1001-main",
    "name": "Uttara uplink",
    "device": "core-1",
    "attach": {"queue": "r1001"},
    "committed_mbps": 200,
    "ping": "203.0.113.10",
    "sla": {"uptime_percent": 99.5, "latency_ms": 50, "loss_percent": 1.0},
}


class CircuitQuery(SearchQuery):
    """Which circuits."""

    tenant = identifier("Of this tenant.", "r1001")
    device = identifier("On this device; a tenant finds none by it.", "core-1")


def _find(tx: Transaction, query: Mapping[str, Any]) -> Page[CircuitRow]:
    return list_circuits(
        tx,
        tenant=query.get("tenant"),
        device=query.get("device"),
        search=query.get("search"),
        page=query["page"],
        per_page=query["per_page"],
    )


def _written(row: CircuitRow) -> dict[str, Any]:
    return written.circuit(row.circuit) if identity().tenant is None else written.own_circuit(row.circuit)


def _read(tx: Transaction, body: Mapping[str, Any], _: CircuitRow | None) -> Circuit:
    keys = {key: value for key, value in body.items() if key != "tenant"}
    return read_circuit(keys, known_devices(tx, body.get("device")), body["tenant"])


CIRCUITS: Kind[CircuitRow, Circuit] = Kind(
    blueprint=blueprint,
    singular="circuit",
    plural="circuits",
    key="circuit",
    shape=shapes.Circuit,
    seen=shapes.CircuitSeen,
    reads=("tenants.read", "own.read"),
    writes=("tenants.write",),
    example=CIRCUIT_EXAMPLE,
    find=_find,
    get=get_circuit,
    written=_written,
    read=_read,
    save=lambda tx, model, version: save_circuit(tx, model, version=version, actor=actor()),
    delete=lambda tx, circuit, version: delete_circuit(tx, circuit, version=version, actor=actor()),
    fixed=("id", "tenant"),
    query=CircuitQuery,
)

register(CIRCUITS, create=False)


def circuits_of(tx: Transaction, tenant: str, query: Mapping[str, Any]) -> Response:
    """A page of one tenant's circuits."""
    return paged(_find(tx, {**query, "tenant": tenant}), CIRCUITS.written)


def create_circuit(tenant: str, whose: Callable[[Transaction], object]) -> Response:
    """Make a circuit of that tenant; `whose` raises NotFound where there is no such tenant."""
    body = json_body()

    def owned(tx: Transaction) -> Mapping[str, Any]:
        whose(tx)
        if body.get("tenant", tenant) != tenant:
            raise EntryErrors([EntryError("tenant", f"is another one; expected {tenant}, or no tenant at all")])
        return {**body, "tenant": tenant}

    return create_in(CIRCUITS, owned)
