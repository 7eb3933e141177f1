"""Puts the parts of the webhook together from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from alert_webhook.reconcile import Reconciler
from alert_webhook.resolved import Verifier
from alert_webhook.sender import Sender
from alert_webhook.settings import Settings
from alert_webhook.sweeps import Sweeps
from alert_webhook.worker import Parts, Worker
from inventory.database import open_database
from inventory.outbox import create_tables


@dataclass(frozen=True, slots=True)
class Service:
    """The webhook without its web server. `worker` is not started yet."""

    settings: Settings
    engine: Engine
    outbox: Outbox
    reception: Reception
    metrics: Metrics
    worker: Worker


def build(settings: Settings, environ: Mapping[str, str]) -> Service:
    """Everything `settings` describe; `environ` fills the inventory's `${NAME}`.

    Raises SettingError for an inventory or a database that cannot be opened.
    """
    contacts = Contacts(settings.inventory, environ)
    engine = open_database(settings.database_url)
    if engine.dialect.name == "sqlite":  # PostgreSQL gets its tables by migration, from their owner
        create_tables(engine)
    sweeps = Sweeps(engine)
    metrics = Metrics(NOTIFIERS, sweeps.backlog)
    outbox = Outbox(engine, hold_resolved=settings.prometheus_url is not None)
    worker = Worker(_parts(settings, engine, contacts, sweeps, metrics))
    reception = Reception(outbox, contacts, settings.operators, metrics, worker.wake)
    return Service(settings, engine, outbox, reception, metrics, worker)


def _parts(settings: Settings, engine: Engine, contacts: Contacts, sweeps: Sweeps, metrics: Metrics) -> Parts:
    def word(message: str, lane: Lane, told: Sequence[Notice], folded: Sequence[Notice]) -> Message:
        return compose(message, lane, told, folded, contacts.place())

    notifiers = {channel: make(settings) for channel, make in NOTIFIERS.items()}
    finders: dict[str, Finder] = {name: each for name, each in notifiers.items() if isinstance(each, Finder)}
    leases = Leases(engine)
    return Parts(
        leases=leases,
        sender=Sender(leases, Deliveries(engine, word), notifiers, metrics),
        sweeps=sweeps,
        reconciler=Reconciler(engine, finders),
        verifier=Verifier(engine, settings.prometheus_url) if settings.prometheus_url else None,
        metrics=metrics,
    )
