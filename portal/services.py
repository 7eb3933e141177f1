"""What the views work with, put together once per process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from inventory.registry.scope import Registry

if TYPE_CHECKING:
    from inventory.vault import Vault
    from portal.mail import Mailer
    from portal.prometheus import Prometheus
    from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """One of each: the database, the keys, and the ways to the other services."""

    settings: Settings
    registry: Registry
    vault: Vault
    prometheus: Prometheus
    mailer: Mailer


def services() -> Services:
    """Those of the application that answers now."""
    found: Services = current_app.extensions["backhaul"]
    return found
