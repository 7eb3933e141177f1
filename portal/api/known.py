"""Which ids a body may refer to: those the scope may see, asked for by name where there may be very many."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, Table, select

from inventory.entries import Known
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, devices, links

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_MOST = 10_000  # of what a body of 256 KiB can name


def known_devices(tx: Transaction, *named: object) -> Known:
    """The devices among those a body names."""
    wanted = _ids(named)
    if not wanted:
        return Known()
    found = select(devices.c.device, devices.c.driver).where(tx.visible(devices), devices.c.device.in_(wanted))
    return Known(devices={row.device: row.driver for row in tx.connection.execute(found)})


def known_members(tx: Transaction, on_circuits: object, on_links: object) -> Known:
    """The circuits and links among those a window names."""
    return Known(
        circuits=_those(tx, circuits, circuits.c.circuit, _items(on_circuits)),
        links=_those(tx, links, links.c.link, _items(on_links)),
    )


def _items(value: object) -> Collection[object]:
    return value if isinstance(value, list) else ()


def _those(tx: Transaction, table: Table, key: Column[Any], named: Collection[object]) -> list[str]:
    wanted = _ids(named)
    if not wanted:
        return []
    return list(tx.connection.execute(select(key).where(tx.visible(table), key.in_(wanted))).scalars())


def _ids(named: Collection[object]) -> list[str]:
    """Text that is no id names nothing, and is not for a database to see."""
    return sorted({name for name in named if isinstance(name, str) and _ID.fullmatch(name)})[:_MOST]
