"""Puts the parts of the webhook together from its settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from alert_webhook.contacts import Contacts
from alert_webhook.deliveries import Deliveries
from alert_webhook.digest import compose
from alert_webhook.intake import Reception
from alert_webhook.lanes import Lane, Leases
from alert_webhook.message import Finder, Message
from alert_webhook.metrics import Metrics
from alert_webhook.notice import Notice
from alert_webhook.notifiers import NOTIFIERS
from alert_webhook.outbox import Outbox
from alert_webhook.payload import Alert
from alert_webhook.reconcile import Reconciler
from alert_webhook.resolved import Verifier
from alert_webhook.routing import Recipient, recipients
from alert_webhook.sender import Sender
from alert_webhook.settings import Settings
from alert_webhook.sweeps import Sweeps
from alert_webhook.worker import Parts, Worker
from inventory.database import open_database
from inventory.outbox import create_tables


@dataclass(frozen=True, slots=True)
class Service:
    """The webhook without its web server. `worker`, which drives `parts`, is not started yet."""

    settings: Settings
    engine: Engine
    outbox: Outbox
    reception: Reception
    parts: Parts
    worker: Worker

    @property
    def metrics(self) -> Metrics:
        """What the service counts."""
        return self.parts.metrics


def build(settings: Settings, environ: Mapping[str, str], clock: Callable[[], float] = time.time) -> Service:
    """Everything `settings` describe; `environ` fills the inventory's `${NAME}`, `clock` gives Unix seconds.

    Raises SettingError for an inventory or a database that cannot be opened.
    """
    contacts = Contacts(settings.inventory, environ)
    engine = open_database(settings.database_url)
    if engine.dialect.name == "sqlite":  # PostgreSQL gets its tables by migration, from their owner
        create_tables(engine)
    metrics = Metrics(NOTIFIERS, Sweeps(engine).backlog)
    outbox = Outbox(engine, hold_resolved=settings.prometheus_url is not None)
    parts = _parts(settings, engine, contacts, metrics, clock)
    worker = Worker(parts)

    def route(alert: Alert) -> Sequence[Recipient]:
        return recipients(alert, contacts.current(), settings.operators)

    reception = Reception(outbox, route, metrics, worker.wake, clock)
    return Service(settings, engine, outbox, reception, parts, worker)


def _parts(
    settings: Settings, engine: Engine, contacts: Contacts, metrics: Metrics, clock: Callable[[], float]
) -> Parts:
    def word(message: str, lane: Lane, told: Sequence[Notice], folded: Sequence[Notice]) -> Message:
        return compose(message, lane, told, folded, contacts.place())

    notifiers = {channel: make(settings) for channel, make in NOTIFIERS.items()}
    finders: dict[str, Finder] = {name: each for name, each in notifiers.items() if isinstance(each, Finder)}
    leases = Leases(engine)
    return Parts(
        leases=leases,
        sender=Sender(leases, Deliveries(engine, word), notifiers, metrics, clock),
        sweeps=Sweeps(engine),
        reconciler=Reconciler(engine, finders),
        verifier=Verifier(engine, settings.prometheus_url) if settings.prometheus_url else None,
        metrics=metrics,
    )
