"""Lists that are filtered or ordered by what is measured: Prometheus knows which, the registry has their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from inventory.registry.devices import DeviceRow, list_devices
from inventory.registry.links import LinkRow, list_links
from inventory.registry.pages import PER_PAGE, Page
from inventory.registry.scope import Transaction
from inventory.registry.tenants import TenantRow, list_tenants
from portal.staff import asked

T = TypeVar("T")


def chosen(names: Sequence[str], rows: Callable[[Sequence[str]], Sequence[T]]) -> Page[T]:
    """The page of `names` that is asked for; `rows` reads those of one page."""
    number = asked.page_number()
    return Page(rows(names[(number - 1) * PER_PAGE : number * PER_PAGE]), len(names), number)


def tenant_rows(tx: Transaction, names: Sequence[str]) -> list[TenantRow]:
    """At most a page of tenants in the order of `names`, without those that went meanwhile."""
    return _in_order(names, {row.tenant.id: row for row in list_tenants(tx, names=names).items})


def link_rows(tx: Transaction, names: Sequence[str]) -> list[LinkRow]:
    """The same of links."""
    return _in_order(names, {row.link.id: row for row in list_links(tx, names=names).items})


def device_rows(tx: Transaction, names: Sequence[str]) -> list[DeviceRow]:
    """The same of devices."""
    return _in_order(names, {row.device.id: row for row in list_devices(tx, names=names).items})


def _in_order(names: Sequence[str], found: Mapping[str, T]) -> list[T]:
    return [found[name] for name in names if name in found]
