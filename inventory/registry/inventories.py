"""Whole inventories out of the registry: what the exporter and the webhook work with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from inventory.database import open_database
from inventory.models import Inventory
from inventory.registry.devices import load_devices
from inventory.registry.links import load_links
from inventory.registry.scope import SERVICE, Registry, Transaction
from inventory.registry.tables import isp_revisions
from inventory.registry.tenants import get_isp, load_tenants
from inventory.registry.windows import load_maintenance
from inventory.settings import SettingError
from inventory.vault import Vault


def load_inventory_of(tx: Transaction, isp: str, vault: Vault | None = None) -> Inventory:
    """All of one isp that the scope may see. Raises KeyError where it sees no such isp.

    Without `vault`, and where it does not open one, a device's secret is a SealedSecret.
    """
    found = get_isp(tx, isp)
    if found is None:
        raise KeyError(isp)
    return Inventory(
        isp=found.isp,
        devices=MappingProxyType(load_devices(tx, isp, vault)),
        links=MappingProxyType(load_links(tx, isp)),
        tenants=MappingProxyType(load_tenants(tx, isp)),
        maintenance=load_maintenance(tx, isp),
    )


def load_all(tx: Transaction, vault: Vault | None = None) -> tuple[Inventory, ...]:
    """The inventories of all isps the scope may see, by id."""
    return tuple(load_inventory_of(tx, isp, vault) for isp in sorted(revisions(tx)))


def revisions(tx: Transaction) -> Mapping[str, int]:
    """By isp, a number that goes up with every change of what is monitored or of who is told."""
    query = select(isp_revisions.c.isp, isp_revisions.c.revision).where(tx.visible(isp_revisions))
    return {row.isp: row.revision for row in tx.connection.execute(query)}


def has_isps(url: str) -> bool:
    """Whether there is a registry at `url` with an isp in it; False too where the tables are not made yet.

    Raises SettingError when the database does not answer. Makes no file.
    """
    path = make_url(url).database if url.startswith("sqlite") else None
    if path is not None and not Path(path).is_file():
        return False
    engine = open_database(url, pool_size=1)
    try:
        with Registry(engine).read(SERVICE) as tx:
            return inspect(tx.connection).has_table("revision") and bool(revisions(tx))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__)
        raise SettingError(f"BACKHAUL_DATABASE_URL: the database does not answer: {reason}") from None
    finally:
        engine.dispose()
