"""The inventories of the registry for the exporter, which follows their changes and outlives the database's absence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from exporter.service import Exporter
from inventory.database import open_database
from inventory.models import Inventory
from inventory.problems import InventoryError
from inventory.registry import schema
from inventory.registry.inventories import load_all, revisions
from inventory.registry.scope import SERVICE, Registry
from inventory.vault import Vault

log = structlog.get_logger()

# How often the registry is asked for its revisions: a change is in the next scrape, however short the interval.
EVERY_SECONDS = 1.0


class RegistrySource:
    """Loads all inventories, and knows whether they changed since."""

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        """Raise SettingError for a URL or a key that is none, or a database that was not migrated."""
        self._vault = Vault.from_settings(environ)
        self._registry = Registry(open_database(url, pool_size=2))
        self._seen: Mapping[str, int] = {}
        with _said():
            schema.prepare(self._registry.engine)

    def load(self) -> Sequence[Inventory]:
        """The inventories of all isps. Raises InventoryError when the database does not give them."""
        with _said(), self._registry.read(SERVICE) as tx:
            seen, loaded = revisions(tx), load_all(tx, self._vault)
        self._seen = seen
        return loaded

    def changed(self) -> bool:
        """Whether another load would give something else. Raises InventoryError when the database does not say."""
        with _said(), self._registry.read(SERVICE) as tx:
            return revisions(tx) != self._seen


def start_following(exporter: Exporter, source: RegistrySource) -> None:
    """Look for changes every second, in a thread of its own: no scrape ever waits for the database."""

    def follow() -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                exporter.follow(source.changed)
            except Exception:  # a thread that ends is an exporter that hears of no change and says that all is well
                log.exception("the registry was not followed; it is tried again")

    threading.Thread(target=follow, name="follow the registry", daemon=True).start()


@contextmanager
def _said() -> Iterator[None]:
    """Turn what a database may do to us into the error of an inventory that is not good."""
    try:
        yield
    except (SQLAlchemyError, LookupError, ValueError, TypeError) as error:
        # The text of SQLAlchemy repeats statements and their values.
        reason = getattr(error, "orig", None) or f"{type(error).__name__} while it was read"
        raise InventoryError([f"the registry: {str(reason).strip().splitlines()[0]}"]) from None
