"""Ids of tenants that were deleted. Their alerts and series are kept under them, and are not for another customer."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select

from inventory.models import Tenant
from inventory.registry.changes import Taken
from inventory.registry.scope import Transaction
from inventory.registry.tables import retired_tenants


def retire(tx: Transaction, isp: str, gone: Iterable[Tenant]) -> None:
    """Keep the ids of tenants that are deleted, and whose they were."""
    rows = [{"isp": isp, "tenant": each.id, "kind": each.kind, "name": each.name} for each in gone]
    if rows:
        tx.connection.execute(insert(retired_tenants), rows)


def refuse_retired(tx: Transaction, isp: str, tenant: str) -> None:
    """Raise Taken for an id that a tenant of this isp had."""
    query = select(retired_tenants.c.tenant).where(tx.visible(retired_tenants), retired_tenants.c.isp == isp)
    if tx.connection.execute(query.where(retired_tenants.c.tenant == tenant)).first() is not None:
        raise Taken(
            f'the id "{tenant}" was that of a tenant that was deleted, whose alerts and measurements are kept under it;'
            " choose another one"
        )


def not_theirs(tx: Transaction, isp: str, tenants: Iterable[Tenant]) -> list[str]:
    """What is wrong with a file's tenants: those that have an id of another one that was deleted.

    One of the same kind and name is the same customer come back, as when an older file is imported again.
    """
    query = select(retired_tenants).where(tx.visible(retired_tenants), retired_tenants.c.isp == isp)
    before = {row.tenant: (row.kind, row.name) for row in tx.connection.execute(query)}
    return [
        f'tenant "{each.id}": a tenant that was deleted had this id, and its alerts and measurements are kept under it;'
        " expected an id of its own"
        for each in tenants
        if before.get(each.id, (each.kind, each.name)) != (each.kind, each.name)
    ]
