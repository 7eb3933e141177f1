"""Puts the parts of the webhook together from its settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from alert_webhook.contacts import Contacts, ContactsOfFile, ContactsOfRegistry, place_of
from alert_webhook.deliveries import Deliveries
from alert_webhook.digest import compose
from alert_webhook.history import History
from alert_webhook.intake import Reception
from alert_webhook.lanes import Lane, Leases
from alert_webhook.message import Finder, Lister, Message
from alert_webhook.metrics import Metrics
from alert_webhook.notice import Notice
from alert_webhook.notifiers import NOTIFIERS
from alert_webhook.outbox import Outbox
from alert_webhook.payload import Alert
from alert_webhook.reconcile import Reconciler
from alert_webhook.resolved import Verifier
from alert_webhook.restored import Settler
from alert_webhook.routing import Recipient, only_isp, recipients_of
from alert_webhook.sender import Sender
from alert_webhook.settings import Settings
from alert_webhook.sweeps import DAY, Sweeps
from alert_webhook.wording import Place
from alert_webhook.worker import Parts, Worker
from inventory.database import open_database
from inventory.registry import backups
from inventory.registry.schema import prepare


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
    engine = open_database(settings.database_url, "service")
    prepare(engine)
    contacts = _contacts(settings, engine, environ)
    metrics = Metrics(NOTIFIERS, Sweeps(engine).backlog, contacts.are_current, partial(backups.newest, engine))
    hold = bool(settings.prometheus_urls)
    history = History(engine, hold_resolved=hold, keep=settings.history_days * DAY)
    outbox = Outbox(engine, history, hold_resolved=hold, only_isp=lambda: only_isp(contacts.current()))
    parts = _parts(settings, history, contacts, metrics, clock)
    worker = Worker(parts)

    def route(alert: Alert) -> Sequence[Recipient]:
        return recipients_of(alert, contacts.current(), settings.operators)

    reception = Reception(outbox, route, metrics, worker.wake, clock)
    return Service(settings, engine, outbox, reception, parts, worker)


def _contacts(settings: Settings, engine: Engine, environ: Mapping[str, str]) -> Contacts:
    if settings.inventory is not None:
        return ContactsOfFile(settings.inventory, environ)
    if settings.registry_url == settings.database_url:
        return ContactsOfRegistry(engine)
    elsewhere = open_database(settings.registry_url, pool_size=2)
    prepare(elsewhere)
    return ContactsOfRegistry(elsewhere)


def _parts(
    settings: Settings, history: History, contacts: Contacts, metrics: Metrics, clock: Callable[[], float]
) -> Parts:
    engine = history.engine

    def place() -> Place:
        return place_of(contacts.current())

    def word(message: str, lane: Lane, told: Sequence[Notice], folded: Sequence[Notice]) -> Message:
        return compose(message, lane, told, folded, place())

    notifiers = {channel: make(settings) for channel, make in NOTIFIERS.items()}
    finders: dict[str, Finder] = {name: each for name, each in notifiers.items() if isinstance(each, Finder)}
    listers: dict[str, Lister] = {name: each for name, each in notifiers.items() if isinstance(each, Lister)}
    leases = Leases(engine)
    return Parts(
        leases=leases,
        sender=Sender(leases, Deliveries(engine, word), notifiers, metrics, clock),
        sweeps=Sweeps(engine),
        reconciler=Reconciler(engine, finders),
        settler=Settler(engine, listers, place, hold_resolved=bool(settings.prometheus_urls)),
        history=history,
        verifier=Verifier(history, settings.prometheus_urls) if settings.prometheus_urls else None,
        metrics=metrics,
    )
