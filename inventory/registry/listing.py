"""What lists need of all their things at once: the ids in their order, and what circuits add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, or_, select

from inventory.models import BitsPerSecond, Committed
from inventory.registry.pages import matches
from inventory.registry.plans import last_plan
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, devices, links, plans


@dataclass(frozen=True, slots=True)
class InService:
    """How many circuits are within their active dates, and what they were sold as together."""

    circuits: int
    committed: Committed


def device_ids(tx: Transaction, search: str = "") -> list[str]:
    """The ids of all devices in the order of the file, as `list_devices` finds them."""
    c = devices.c
    return _ids(tx, c.device, matches(search, c.device, c.host, c.place), c.position)


def link_ids(tx: Transaction, search: str = "") -> list[str]:
    """The ids of all links in the order of the file, as `list_links` finds them."""
    c = links.c
    return _ids(tx, c.link, matches(search, c.link, c.name), c.position)


def device_places(tx: Transaction) -> list[tuple[str, str | None]]:
    """All devices by id, with where they stand: to choose one from."""
    query = select(devices.c.device, devices.c.place).where(tx.visible(devices)).order_by(devices.c.device)
    return [(row.device, row.place) for row in tx.connection.execute(query)]


def in_service(tx: Transaction, today: date) -> InService:
    """Of all circuits the scope may see, those in service on `today`, which is the isp's own day."""
    c, on = circuits.c, today.isoformat()  # as the columns have it, and so in the order of the calendar
    query = (
        select(func.count(), func.sum(plans.c.download_bps), func.sum(plans.c.upload_bps))
        .select_from(circuits)
        .join(plans, (plans.c.circuit == c.circuit) & (plans.c.valid_from == last_plan()))
        .where(tx.visible(circuits))
        .where(or_(c.active_from.is_(None), c.active_from <= on), or_(c.active_until.is_(None), c.active_until >= on))
    )
    count, download, upload = tx.connection.execute(query).one()
    return InService(count, Committed(BitsPerSecond(int(download or 0)), BitsPerSecond(int(upload or 0))))


def _ids(tx: Transaction, key: Column[Any], where: Sequence[ColumnElement[bool]], place: Column[Any]) -> list[str]:
    table = key.table
    assert isinstance(table, Table)
    return list(tx.connection.execute(select(key).where(tx.visible(table), *where).order_by(place, key)).scalars())
