"""Builds the services a process of the portal works with."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.database import open_database
from inventory.registry.scope import Registry
from inventory.vault import Vault
from portal.mail import Mailer
from portal.prometheus import Prometheus
from portal.recorded import WithRecorded
from portal.services import Services
from portal.settings import Settings


def build(settings: Settings, environ: Mapping[str, str]) -> Services:
    """One of each. Raises SettingError for a database URL or a key that will not do."""
    return Services(
        settings=settings,
        registry=Registry(open_database(settings.database_url)),
        vault=Vault.from_settings(environ),
        prometheus=_prometheus(settings),
        mailer=Mailer(settings.mail),
    )


def _prometheus(settings: Settings) -> Prometheus:
    if settings.recorded_url is None:
        return Prometheus(settings.prometheus_url)
    return WithRecorded(settings.prometheus_url, Prometheus(settings.recorded_url))
