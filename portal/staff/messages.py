"""Reads the outbox for the delivery log: each notice with where it stands, in words.

A notice is one alert for one recipient on one channel. The message it went out with may tell alerts of another isp as
well (somebody may work for two); then it is in the scope of neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from inventory.outbox import NoticeState, messages, notices
from inventory.registry.alerts import AlertRow
from inventory.registry.pages import HIGHEST_ID, PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice; times are Unix seconds. `reason` is one of alert_webhook's, None where nothing went wrong."""

    id: int
    fingerprint: str
    starts_at: str
    status: str
    recipient: str
    channel: str
    address: str
    fallback_address: str | None
    language: str
    role: str
    alertname: str
    isp: str | None
    tenant: str | None
    alert: Mapping[str, Any]
    state: str
    reason: str | None
    attempts: int
    fell_back: bool
    received_at: float
    due_at: float
    finished_at: float | None
    message_id: str | None

    @property
    def summary(self) -> str:
        """What it tells."""
        text = str(self.alert.get("annotations", {}).get("summary") or self.alertname)
        return f"Resolved: {text}" if self.status == "resolved" else text

    @property
    def labels(self) -> Mapping[str, str]:
        """What the alert is about."""
        labels: Mapping[str, str] = self.alert.get("labels", {})
        return labels


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it went to the provider. `also` is how many other notices it carried."""

    id: str
    channel: str
    address: str
    subject: str
    body: str
    provider_id: str | None
    provider_status: str | None
    posted_at: float
    also: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which notices; None is any. `states` are NoticeState's."""

    states: frozenset[NoticeState] | None = None
    channel: str | None = None
    recipient: str | None = None
    alertname: str | None = None
    alert: AlertRow | None = None


_NEWEST = 5_000
_COLUMNS = [notices.c[name] for name in Delivery.__dataclass_fields__]


def list_deliveries(tx: Transaction, filters: Filters, page: int = 1, per_page: int = PER_PAGE) -> Page[Delivery]:
    """The notices the scope may see, the newest first."""
    chosen = _where(tx, filters)
    window = Window(page, per_page)
    total = int(tx.connection.execute(select(func.count()).select_from(notices).where(*chosen)).scalar_one())
    newest = select(*_COLUMNS).where(*chosen).order_by(notices.c.received_at.desc(), notices.c.id.desc())
    rows = tx.connection.execute(newest.limit(window.limit).offset(window.offset)).all()
    return window.of([_read(row) for row in rows], total)


def get_delivery(tx: Transaction, identifier: int) -> Delivery | None:
    """The notice of that id, None where the scope sees none."""
    if identifier > HIGHEST_ID:
        return None
    row = tx.connection.execute(select(*_COLUMNS).where(tx.visible(notices), notices.c.id == identifier)).first()
    return None if row is None else _read(row)


def of_alert(tx: Transaction, alert: AlertRow) -> list[Delivery]:
    """Every notice of that alert, in the order they came."""
    chosen = _where(tx, Filters(alert=alert))
    rows = tx.connection.execute(select(*_COLUMNS).where(*chosen).order_by(notices.c.id)).all()
    return [_read(row) for row in rows]


def alertnames(tx: Transaction) -> list[str]:
    """Which alerts were told, by name, for a choice; of the _NEWEST notices."""
    newest = select(notices.c.alertname).where(tx.visible(notices)).order_by(notices.c.received_at.desc())
    name = newest.limit(_NEWEST).subquery().c.alertname
    return list(tx.connection.execute(select(name).distinct().order_by(name)).scalars())


def message_of(tx: Transaction, delivery: Delivery) -> Sent | None:
    """The message `delivery` went out with; None before it did, when it was deleted, or where the scope sees none."""
    if delivery.message_id is None:
        return None
    row = tx.connection.execute(
        select(messages).where(tx.visible(messages), messages.c.id == delivery.message_id)
    ).first()
    if row is None:
        return None
    carried = select(func.count()).where(tx.visible(notices), notices.c.message_id == row.id)
    return Sent(
        id=row.id,
        channel=row.channel,
        address=row.address,
        subject=row.subject,
        body=row.body,
        provider_id=row.provider_id,
        provider_status=row.provider_status,
        posted_at=row.posted_at,
        also=tx.connection.execute(carried).scalar_one() - 1,
    )


def _where(tx: Transaction, filters: Filters) -> list[ColumnElement[bool]]:
    chosen = [tx.visible(notices)]
    if filters.states is not None:
        chosen.append(notices.c.state.in_(filters.states))
    if filters.channel:
        chosen.append(notices.c.channel == filters.channel)
    if filters.alertname:
        chosen.append(notices.c.alertname == filters.alertname)
    if filters.alert is not None:
        chosen.append(notices.c.fingerprint == filters.alert.fingerprint)
        chosen.append(notices.c.starts_at == filters.alert.starts_at)
    return [*chosen, *matches(filters.recipient, notices.c.recipient, notices.c.address, notices.c.tenant)]


def _read(row: Row[Any]) -> Delivery:
    return Delivery(**row._mapping)  # noqa: SLF001 - public in spite of its name (SQLAlchemy's Row)
