"""The inventory as the webhook uses it: read at start, read again when the file changed, never lost to a bad edit."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import structlog

from alert_webhook.wording import Place
from inventory.loader import InventoryError, load_inventory
from inventory.models import Inventory
from inventory.settings import SettingError

log = structlog.get_logger()

_Stamp = tuple[int, int, int]


class Contacts:
    """The last good inventory; None where none is configured."""

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        """Read `path`. Raises SettingError when that cannot be done now, at start."""
        self._path = path
        self._environ = environ
        self._lock = threading.Lock()
        self._seen: _Stamp | None = None
        self._inventory: Inventory | None = None
        if path is not None:
            self._seen = _stamp(path)
            try:
                self._inventory = load_inventory(path, environ)
            except (OSError, InventoryError) as error:
                raise SettingError(f"BACKHAUL_INVENTORY: {error}") from error

    def current(self) -> Inventory | None:
        """The inventory as the file says now, or as it last said when it was right."""
        if self._path is None:
            return None
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._seen = stamp
                self._reload(self._path)
            return self._inventory

    def place(self) -> Place:
        """The names and the time zone messages use; UTC without an inventory."""
        inventory = self.current()
        return Place(inventory, inventory.isp.zone if inventory else UTC)

    def _reload(self, path: Path) -> None:
        try:
            self._inventory = load_inventory(path, self._environ)
        except (OSError, InventoryError) as error:
            log.warning("the inventory is broken: contacts stay as they were", file=str(path), error=str(error))


def _stamp(path: Path) -> _Stamp | None:
    """What changes when the file does; None while it is not there (an editor may be replacing it)."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
