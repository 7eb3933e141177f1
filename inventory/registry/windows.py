"""Maintenance of the registry: announced work on circuits and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, Table, delete, exists, insert, select

from inventory.bodies import maintenance_body
from inventory.models import Maintenance
from inventory.registry import changes
from inventory.registry.audit import Actor, record
from inventory.registry.pages import PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, isps, maintenance, maintenance_circuits, maintenance_links
from inventory.registry.told import told

_ON = (maintenance_circuits, maintenance_links)


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """A window, whose it is, and the version a write compares. Its times are in the isp's time zone."""

    maintenance: Maintenance
    isp: str
    version: int


def list_maintenance(  # noqa: PLR0913 - filters, each by its name
    tx: Transaction,
    *,
    search: str | None = None,
    since: float | None = None,
    until: float | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> Page[MaintenanceRow]:
    """The windows the scope may see that are open at any time between `since` and `until` (Unix seconds), last first.

    A tenant sees those on its circuits, and none of the others' circuits in them.
    """
    where = [tx.visible(maintenance), *matches(search, maintenance.c.maintenance, maintenance.c.reason)]
    where += [maintenance.c.ends > since] if since is not None else []
    where += [maintenance.c.starts < until] if until is not None else []
    window = Window(page, per_page)
    query = select(maintenance).where(*where).order_by(maintenance.c.starts.desc(), maintenance.c.maintenance)
    rows = tx.connection.execute(query.limit(window.limit).offset(window.offset)).mappings().all()
    return window.of(_whole(tx, rows), changes.count(tx, maintenance, *where))


def get_maintenance(tx: Transaction, name: str) -> MaintenanceRow | None:
    """The window of that id, None where the scope sees none."""
    query = select(maintenance).where(tx.visible(maintenance), maintenance.c.maintenance == name)
    return next(iter(_whole(tx, tx.connection.execute(query).mappings().all())), None)


@changes.whole
def save_maintenance(
    tx: Transaction, window: Maintenance, *, version: int | None, actor: Actor, isp: str | None = None
) -> int:
    """Make the window (`version` None) or change it; returns its version.

    Raises Taken, Conflict, and Gone where a circuit or link is not there any more.
    """
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    values = columns_of(window)
    before = get_maintenance(tx, window.id) if version is not None else None
    if version is None:
        place = changes.next_position(tx, maintenance, maintenance.c.isp == whose)
        changes.add(tx, maintenance, {"maintenance": window.id, "isp": whose, "position": place, **values})
    else:
        changes.change(tx, maintenance.c.maintenance, window.id, version, values)
    _put_members(tx, whose, window)
    action = "create" if version is None else "update"
    after = get_maintenance(tx, window.id)
    detail = told(_body(before) if before else None, _body(after) if after else None)
    record(tx, actor, action, "maintenance", window.id, detail, isp=whose)
    return (version or 0) + 1


@changes.whole
def delete_maintenance(tx: Transaction, name: str, *, version: int, actor: Actor, isp: str | None = None) -> None:
    """Remove the window. Raises Conflict."""
    whose = changes.owner(tx, isp)
    changes.take_turn(tx, whose)
    found = get_maintenance(tx, name)
    changes.remove(tx, maintenance.c.maintenance, name, version)
    detail = told(_body(found), None) if found else None
    record(tx, actor, "delete", "maintenance", name, detail, isp=whose)


def load_maintenance(tx: Transaction, isp: str) -> tuple[Maintenance, ...]:
    """All windows of an isp, in the order of the file."""
    query = select(maintenance).where(tx.visible(maintenance), maintenance.c.isp == isp)
    rows = tx.connection.execute(query.order_by(maintenance.c.position, maintenance.c.maintenance)).mappings().all()
    return tuple(row.maintenance for row in _whole(tx, rows, isp))


def drop_empty(tx: Transaction, isp: str, actor: Actor) -> None:
    """Remove the windows whose last circuit or link is gone: on nothing there is no work, and no file may say so."""
    on = [
        exists().where(each.c.isp == maintenance.c.isp, each.c.maintenance == maintenance.c.maintenance) for each in _ON
    ]
    empty = delete(maintenance).where(tx.visible(maintenance), maintenance.c.isp == isp, *(~each for each in on))
    for name in tx.connection.execute(empty.returning(maintenance.c.maintenance)).scalars().all():
        record(tx, actor, "delete", "maintenance", name, {"reason": "all that it was on was deleted"}, isp=isp)


def columns_of(window: Maintenance) -> dict[str, Any]:
    """The window as the columns of its row, but for id, isp and position."""
    return {
        "starts": window.starts.timestamp(),
        "ends": window.ends.timestamp(),
        "approved_at": window.approved_at.timestamp(),
        "approved_by": window.approved_by,
        "reason": window.reason,
    }


def circuit_rows(isp: str, window: Maintenance, tenant_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of the circuits that are worked on."""
    return [
        {"isp": isp, "maintenance": window.id, "circuit": name, "tenant": tenant_of[name], "position": position}
        for position, name in enumerate(window.circuits)
    ]


def link_rows(isp: str, window: Maintenance) -> list[dict[str, Any]]:
    """The rows of the links that are worked on."""
    return [
        {"isp": isp, "maintenance": window.id, "link": name, "position": position}
        for position, name in enumerate(window.links)
    ]


def _put_members(tx: Transaction, isp: str, window: Maintenance) -> None:
    for table in _ON:
        tx.connection.execute(delete(table).where(tx.visible(table), table.c.maintenance == window.id))
    query = select(circuits.c.circuit, circuits.c.tenant)
    query = query.where(tx.visible(circuits), circuits.c.isp == isp, circuits.c.circuit.in_(window.circuits))
    tenant_of = {row.circuit: row.tenant for row in tx.connection.execute(query)}
    if missing := [name for name in window.circuits if name not in tenant_of]:
        raise changes.Gone(f'there is no circuit "{missing[0]}" any more')
    changes.add_all(tx, insert(maintenance_circuits), circuit_rows(isp, window, tenant_of), "maintenance")
    changes.add_all(tx, insert(maintenance_links), link_rows(isp, window), "maintenance")


def _whole(tx: Transaction, rows: Sequence[RowMapping], isp: str | None = None) -> list[MaintenanceRow]:
    """The windows of these rows; those of a whole isp are asked for by its name, not by their thousand ids."""
    if not rows:
        return []
    names = None if isp else [row["maintenance"] for row in rows]
    on_circuits = _members(tx, maintenance_circuits, names, isp)
    on_links = _members(tx, maintenance_links, names, isp)
    query = select(isps.c.isp, isps.c.timezone).where(tx.visible(isps))
    zones = {row.isp: ZoneInfo(row.timezone) for row in tx.connection.execute(query)}
    return [
        MaintenanceRow(
            _window(row, on_circuits.get(row["maintenance"], ()), on_links.get(row["maintenance"], ()), zones),
            row["isp"],
            row["version"],
        )
        for row in rows
    ]


def _members(tx: Transaction, table: Table, names: Sequence[str] | None, isp: str | None) -> Mapping[str, list[str]]:
    member = table.c.circuit if "circuit" in table.c else table.c.link
    which = table.c.maintenance.in_(names) if names is not None else table.c.isp == isp
    query = select(table.c.maintenance, member.label("member")).where(tx.visible(table), which)
    query = query.order_by(table.c.position)
    found: dict[str, list[str]] = {}
    for row in tx.connection.execute(query):
        found.setdefault(row.maintenance, []).append(row.member)
    return found


def _window(
    row: RowMapping, on_circuits: Sequence[str], on_links: Sequence[str], zones: Mapping[str, ZoneInfo]
) -> Maintenance:
    zone = zones.get(row["isp"], UTC)
    return Maintenance(
        id=row["maintenance"],
        circuits=tuple(on_circuits),
        links=tuple(on_links),
        starts=datetime.fromtimestamp(row["starts"], zone),
        ends=datetime.fromtimestamp(row["ends"], zone),
        approved_at=datetime.fromtimestamp(row["approved_at"], zone),
        approved_by=row["approved_by"],
        reason=row["reason"],
    )


def _body(row: MaintenanceRow) -> dict[str, Any]:
    """In the isp's zone, as what is read has it."""
    return maintenance_body(row.maintenance, row.maintenance.starts.tzinfo or UTC)
