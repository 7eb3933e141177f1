"""Resellers and clients: one implementation, two addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from inventory.entries import EntryError, EntryErrors, read_tenant
from inventory.models import Tenant, TenantKind
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from inventory.registry.tenants import TenantRow, delete_tenant, get_tenant, list_tenants, save_tenant
from portal.api import alerts, shapes, written
from portal.api.asked import actor
from portal.api.circuits import CIRCUIT_EXAMPLE, CIRCUITS, circuits_of, create_circuit
from portal.api.operations import Subject, operation, subject
from portal.api.paging import LINK_HEADERS, SearchQuery, page_of
from portal.api.things import LOCATION, Kind, register
from portal.services import services
from portal.tenancy import identity

RESELLERS = subject("Resellers", "Who buys bandwidth to sell it on, and who is told of its alerts.")
CLIENTS = subject("Clients", "Who buys a leased line for itself.")


def _kind(blueprint: Subject, kind: TenantKind, name: str) -> Kind[TenantRow, Tenant]:
    def find(tx: Transaction, query: Mapping[str, Any]) -> Page[TenantRow]:
        return list_tenants(tx, kind=kind, search=query.get("search"), page=query["page"], per_page=query["per_page"])

    def get(tx: Transaction, tenant: str) -> TenantRow | None:
        row = get_tenant(tx, tenant)
        return row if row is not None and row.tenant.kind == kind else None

    def read(_: Transaction, body: Mapping[str, Any], __: TenantRow | None) -> Tenant:
        if "circuits" in body:
            raise EntryErrors([EntryError("circuits", f"are not written here; expected them at /{kind}s/ID/circuits")])
        if body.get("kind", kind) != kind:
            raise EntryErrors([EntryError("kind", f"is another kind; expected {kind}, or no kind at all")])
        return read_tenant({**body, "kind": kind})

    return Kind(
        blueprint=blueprint,
        singular=kind,
        plural=f"{kind}s",
        key="tenant",
        shape=shapes.Tenant,
        reads=("tenants.read", "own.read"),
        writes=("tenants.write",),
        example={
            "id": "r1001" if kind == "reseller" else "bank-7",
            "name": name,
            "contacts": [{"name": "NOC", "whatsapp": "+8801700000001", "email": "noc@example.net", "language": "en"}],
        },
        find=find,
        get=get,
        written=lambda row: written.tenant(row.tenant),
        read=read,
        save=lambda tx, model, version: save_tenant(tx, model, version=version, actor=actor()),
        delete=lambda tx, tenant, version: delete_tenant(tx, tenant, version=version, actor=actor()),
    )


def _below(kind: Kind[TenantRow, Tenant]) -> None:
    """What is below one tenant: its circuits and its alerts."""

    @operation(
        kind.blueprint,
        "GET",
        f"{kind.one}/circuits",
        permissions=CIRCUITS.reads,
        name=f"list_{kind.singular}_circuits",
        summary=f"List a {kind.singular}'s circuits",
        description="In the order of the inventory.",
        query=SearchQuery,
        answer=page_of(shapes.CircuitSeen, f"{kind.singular.capitalize()}Circuit"),
        headers=LINK_HEADERS,
    )
    def list_circuits_of(query: Mapping[str, Any], tenant: str) -> Response:
        with services().registry.read(identity().scope) as tx:
            kind.found(tx, tenant)
            return circuits_of(tx, tenant, query)

    @operation(
        kind.blueprint,
        "POST",
        f"{kind.one}/circuits",
        permissions=CIRCUITS.writes,
        name=f"create_{kind.singular}_circuit",
        summary=f"Create a circuit of a {kind.singular}",
        description="Its id is new in the whole installation, else 409. What is committed begins to count now.",
        body=shapes.Circuit,
        example=CIRCUIT_EXAMPLE,
        answer=shapes.Circuit,
        status=201,
        refusals=(409,),
        headers={**LOCATION, "ETag": {"description": "Its version.", "schema": {"type": "string"}}},
    )
    def create_circuit_of(tenant: str) -> Response:
        return create_circuit(tenant, lambda tx: kind.found(tx, tenant))

    @operation(
        kind.blueprint,
        "GET",
        f"{kind.one}/alerts",
        permissions=("alerts.read", "own.read"),
        name=f"list_{kind.singular}_alerts",
        summary=f"List a {kind.singular}'s alerts",
        description="The newest first.",
        query=alerts.TenantsAlertFilter,
        answer=page_of(alerts.Alert, f"{kind.singular.capitalize()}Alert"),
        headers=LINK_HEADERS,
    )
    def list_alerts_of(query: Mapping[str, Any], tenant: str) -> Response:
        with services().registry.read(identity().scope) as tx:
            kind.found(tx, tenant)
        return alerts.alerts_page(query, tenant)


TENANTS = (_kind(RESELLERS, "reseller", "Uttara Net"), _kind(CLIENTS, "client", "Padma Bank, Gulshan branch"))

for each in TENANTS:
    register(each)
    _below(each)
