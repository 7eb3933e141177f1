"""Announced maintenance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from inventory.entries import read_maintenance
from inventory.models import Maintenance
from inventory.registry.changes import InUse
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from inventory.registry.windows import (
    MaintenanceRow,
    delete_maintenance,
    get_maintenance,
    list_maintenance,
    save_maintenance,
)
from portal import announced
from portal.api import shapes, written
from portal.api.asked import actor
from portal.api.known import known_members
from portal.api.operations import subject
from portal.api.paging import SearchQuery
from portal.api.things import Kind, register
from portal.api.times import When
from portal.tenancy import identity

blueprint = subject("Maintenance", "Announced work, approved before it starts; it is excluded from the SLA.")


class WindowQuery(SearchQuery):
    """Which windows."""

    since = When("Open at this time or later.")
    until = When("Begun before this time.")


def _find(tx: Transaction, query: Mapping[str, Any]) -> Page[MaintenanceRow]:
    return list_maintenance(
        tx,
        search=query.get("search"),
        since=query.get("since"),
        until=query.get("until"),
        page=query["page"],
        per_page=query["per_page"],
    )


def _read(tx: Transaction, body: Mapping[str, Any], before: MaintenanceRow | None) -> Maintenance:
    window = read_maintenance(body, known_members(tx, body.get("circuits"), body.get("links")))
    return announced.judge(window, before.maintenance if before else None, datetime.now(UTC), identity().name)


def _delete(tx: Transaction, name: str, version: int) -> None:
    row = get_maintenance(tx, name)
    if row is not None and row.maintenance.starts <= datetime.now(UTC):
        raise InUse(announced.BEGUN)
    delete_maintenance(tx, name, version=version, actor=actor())


WINDOWS: Kind[MaintenanceRow, Maintenance] = Kind(
    blueprint=blueprint,
    singular="maintenance",
    plural="maintenance",
    key="maintenance",
    shape=shapes.Maintenance,
    reads=("maintenance.read",),
    writes=("maintenance.write",),
    example={
        "id": "mw-1",
        "circuits": ["r1001-main"],
        "starts": "2030-11-20T01:00+06:00",
        "ends": "2030-11-20T03:00+06:00",
        "approved_at": "2025-11-10T10:00+06:00",
        "approved_by": "noc",
        "reason": "fibre splice",
    },
    find=_find,
    get=get_maintenance,
    written=lambda row: written.maintenance(row.maintenance),
    read=_read,
    save=lambda tx, model, version: save_maintenance(tx, model, version=version, actor=actor()),
    delete=_delete,
    query=WindowQuery,
)

register(WINDOWS)
