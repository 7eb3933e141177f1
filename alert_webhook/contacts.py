"""The inventories as the webhook uses them: read at start, read again when they changed, never lost to a bad edit."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from alert_webhook.wording import Place
from inventory.loader import InventoryError, load_inventory
from inventory.models import Inventory
from inventory.registry.inventories import load_all, revisions
from inventory.registry.scope import SERVICE, Registry
from inventory.settings import SettingError

log = structlog.get_logger()

_Stamp = tuple[int, int, int, int]

# How old what is known of the registry may be.
_EVERY_SECONDS = 1.0


class Contacts(Protocol):
    """Knows whom to tell."""

    def current(self) -> Sequence[Inventory]:
        """The inventories as they are now, or as they last were when they were right; one for each isp."""

    def are_current(self) -> bool:
        """Look, and say whether they are as they are now: False where older ones are in use."""


class ContactsOfFile:
    """The inventory of a file. Its devices are left unread: their secrets are none of the webhook's business."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        """Read `path`. Raises SettingError when that cannot be done now, at start."""
        self._path = path
        self._environ = environ
        self._lock = threading.Lock()
        self._seen = _stamp(path)
        self._good = True
        try:
            self._inventory = self._load()
        except (OSError, InventoryError) as error:
            raise SettingError(f"BACKHAUL_INVENTORY: {error}") from error

    def current(self) -> Sequence[Inventory]:
        """The inventory as the file says now, or as it last said when it was right."""
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._seen = stamp
                self._reload()
            return (self._inventory,)

    def are_current(self) -> bool:
        """Look, and say whether the file could be read as it is now."""
        self.current()
        return self._good

    def _reload(self) -> None:
        try:
            self._inventory = self._load()
        except (OSError, InventoryError) as error:
            self._good = False
            log.warning("the inventory is broken: contacts stay as they were", file=str(self._path), error=str(error))
        else:
            self._good = True

    def _load(self) -> Inventory:
        return load_inventory(self._path, self._environ, devices=False)


class ContactsOfRegistry:
    """The inventories of the registry, none while it is empty. Secrets of devices are never opened."""

    def __init__(self, engine: Engine) -> None:
        """Read them. Raises SettingError when that cannot be done now, at start."""
        self._registry = Registry(engine)
        self._lock = threading.Lock()
        self._asked = time.monotonic()
        self._good = True
        self._seen: Mapping[str, int] = {}
        self._inventories: tuple[Inventory, ...] = ()
        try:
            self._look()
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            raise SettingError(f"the contacts of the registry cannot be read: {reason}") from None

    def current(self) -> Sequence[Inventory]:
        """The inventories as they were a second ago or later, or as they last were when the database answered."""
        with self._lock:
            if time.monotonic() - self._asked >= _EVERY_SECONDS:
                self._asked = time.monotonic()
                self._reload()
            return self._inventories

    def are_current(self) -> bool:
        """Look, and say whether the registry could be read."""
        self.current()
        return self._good

    def _reload(self) -> None:
        try:
            self._look()
        except (SQLAlchemyError, LookupError, ValueError) as error:
            self._good = False
            log.warning("the registry is away: contacts stay as they were", error=type(error).__name__)
        else:
            self._good = True

    def _look(self) -> None:
        with self._registry.read(SERVICE) as tx:
            seen = revisions(tx)
            if seen != self._seen:
                self._inventories = load_all(tx)
        self._seen = seen


def place_of(inventories: Sequence[Inventory]) -> Place:
    """The names and the time zone messages use; UTC without an inventory."""
    if len(inventories) == 1:
        return Place(inventories[0], inventories[0].isp.zone)
    return Place(None, UTC, {inventory.isp.id: inventory for inventory in inventories})


def _stamp(path: Path) -> _Stamp | None:
    """What changes when the file does; None while it is not there (an editor may be replacing it)."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino  # ctime: what may be read now
