"""Reads the history of alerts, and takes down who is looking after one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select, tuple_, update

from inventory.registry.alert_log import take_numbers
from inventory.registry.audit import Actor, record
from inventory.registry.changes import Refused
from inventory.registry.pages import HIGHEST_ID, PER_PAGE, Page, Window, matches
from inventory.registry.scope import Transaction
from inventory.registry.tables import alerts

NOTE_LIMIT = 1_000


class Over(Refused):
    """The alert has ended: there is nothing left to look after."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert from its beginning to its end; times are Unix seconds.

    `id` goes up in the order alerts were first heard of, `changed` with every change of any alert. `end_reported` with
    no `ended` is an end that Prometheus has not confirmed yet: the alert still counts as firing.
    """

    id: int
    changed: int
    isp: str | None
    tenant: str | None
    fingerprint: str
    starts_at: str
    started: float
    end_reported: float | None
    ended: float | None
    alertname: str
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    acknowledged_at: float | None
    acknowledged_by: str | None
    note: str | None

    @property
    def is_open(self) -> bool:
        """Whether it still fires, as far as anybody knows."""
        return self.ended is None

    @property
    def waits(self) -> bool:
        """Whether its end is reported and not confirmed."""
        return self.ended is None and self.end_reported is not None

    @property
    def summary(self) -> str:
        """What is wrong, in the rule's words."""
        return self.annotations.get("summary") or self.alertname


@dataclass(frozen=True, slots=True)
class Filters:
    """Which alerts; None is any. `since` and `until` are Unix seconds and match what fired at any time between."""

    firing: bool | None = None
    acknowledged: bool | None = None
    severity: str | None = None
    alertname: str | None = None
    tenant: str | None = None
    circuit: str | None = None
    link: str | None = None
    device: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None


_COLUMNS = [alerts.c[name] for name in AlertRow.__dataclass_fields__]
_ANY = Filters()
_NEWEST = 5_000
_OWN_WORDS = tuple(alerts.c.labels[name].as_string() for name in ("tenant", "circuit"))
_ALL_WORDS = (
    *_OWN_WORDS,
    *(alerts.c.labels[name].as_string() for name in ("link", "device", "vlan")),
    *(alerts.c.annotations[name].as_string() for name in ("summary", "description")),
    alerts.c.note,
)


def list_alerts(
    tx: Transaction,
    filters: Filters = _ANY,
    page: int = 1,
    per_page: int = PER_PAGE,
    *,
    behind: AlertRow | None = None,
) -> Page[AlertRow]:
    """The alerts the scope may see, those that began last first; `page` counts from 1.

    With `behind` those that follow that one, which stay the same however many begin meanwhile.
    """
    chosen = _where(tx, filters)
    if behind is not None:
        chosen.append(tuple_(alerts.c.started, alerts.c.id) < tuple_(behind.started, behind.id))
    window = Window(page, per_page)
    total: int = tx.connection.execute(select(func.count()).select_from(alerts).where(*chosen)).scalar_one()
    newest_first = select(*_COLUMNS).where(*chosen).order_by(alerts.c.started.desc(), alerts.c.id.desc())
    rows = tx.connection.execute(newest_first.limit(window.limit).offset(window.offset)).all()
    return window.of([_read(row) for row in rows], total)


def names(tx: Transaction) -> list[str]:
    """Which alerts there are, by name, for a choice; of the last _NEWEST that began."""
    newest = select(alerts.c.alertname).where(tx.visible(alerts)).order_by(alerts.c.started.desc()).limit(_NEWEST)
    name = newest.subquery().c.alertname
    return list(tx.connection.execute(select(name).distinct().order_by(name)).scalars())


def open_count(tx: Transaction) -> int:
    """How many alerts fire now."""
    firing = select(func.count()).select_from(alerts).where(tx.visible(alerts), alerts.c.ended.is_(None))
    return int(tx.connection.execute(firing).scalar_one())


def get(tx: Transaction, identifier: int) -> AlertRow | None:
    """The alert of that id, None where the scope sees none."""
    if identifier > HIGHEST_ID:
        return None
    row = tx.connection.execute(select(*_COLUMNS).where(tx.visible(alerts), alerts.c.id == identifier)).first()
    return None if row is None else _read(row)


def find(tx: Transaction, fingerprint: str, starts_at: str) -> AlertRow | None:
    """The alert of that fingerprint and start, None where the scope sees none."""
    key = (alerts.c.fingerprint == fingerprint) & (alerts.c.starts_at == starts_at)
    row = tx.connection.execute(select(*_COLUMNS).where(tx.visible(alerts), key)).first()
    return None if row is None else _read(row)


def before(tx: Transaction, alert: AlertRow, count: int) -> list[AlertRow]:
    """The last `count` times the same fired before, the latest first."""
    same = (alerts.c.fingerprint == alert.fingerprint) & (alerts.c.started < alert.started)
    earlier = select(*_COLUMNS).where(tx.visible(alerts), same).order_by(alerts.c.started.desc()).limit(count)
    return [_read(row) for row in tx.connection.execute(earlier)]


def acknowledge(tx: Transaction, identifier: int, actor: Actor, note: str, now: float | None = None) -> bool:
    """Take down that `actor` looks after the alert, with a note; the last word stays. False: there is no such alert.

    Messages go on as they would: this silences nothing. Raises Over for an alert that has ended.
    """
    if get(tx, identifier) is None:
        return False
    number = take_numbers(tx.connection, 1)
    words = {
        "acknowledged_at": time.time() if now is None else now,
        "acknowledged_by": actor.name[:254],
        "note": note[:NOTE_LIMIT],
        "changed": number,
    }
    mine = update(alerts).where(tx.visible(alerts), alerts.c.id == identifier, alerts.c.ended.is_(None)).values(**words)
    row = tx.connection.execute(mine.returning(alerts.c.alertname)).first()
    if row is None:
        raise Over("the alert is over, so there is nothing left to look after")
    record(tx, actor, "acknowledge", "alert", str(identifier), {"alert": row.alertname, "note": note[:NOTE_LIMIT]})
    return True


def changed_since(tx: Transaction, changed: int, limit: int = 500) -> list[AlertRow]:
    """What changed after the change of that number, in the order it did; the next call goes on from the last row's."""
    later = select(*_COLUMNS).where(tx.visible(alerts), alerts.c.changed > changed).order_by(alerts.c.changed)
    return [_read(row) for row in tx.connection.execute(later.limit(limit)).all()]


def changed_between(tx: Transaction, since: int, until: int, limit: int) -> list[AlertRow]:
    """The first `limit` of what changed after the change of number `since`, up to that of `until`."""
    # With a limit of its own the inner query is done first: by these numbers, not by all that ever was the scope's.
    within = select(*_COLUMNS).where(alerts.c.changed > since, alerts.c.changed <= until).limit(max(0, until - since))
    some = within.subquery("alert")
    own = select(some).where(tx.visible(some)).order_by(some.c.changed).limit(limit)
    return [_read(row) for row in tx.connection.execute(own)]


def newest(tx: Transaction) -> int:
    """The number of the last change the scope may see; 0 before the first."""
    highest = tx.connection.execute(select(func.max(alerts.c.changed)).where(tx.visible(alerts))).scalar_one()
    return highest or 0


def _where(tx: Transaction, filters: Filters) -> list[ColumnElement[bool]]:
    """The conditions. A tenant finds nothing by what it is not shown: the network behind its circuits, and notes."""
    own = tx.scope.kind == "tenant"
    chosen = [tx.visible(alerts)]
    if own and (filters.device or filters.link):
        chosen.append(false())
    if filters.firing is not None:
        chosen.append(alerts.c.ended.is_(None) if filters.firing else alerts.c.ended.is_not(None))
    if filters.acknowledged is not None:
        seen = alerts.c.acknowledged_at.is_not(None)
        chosen.append(seen if filters.acknowledged else ~seen)
    exact = ("severity", "alertname", "tenant", "circuit", "link", "device")
    chosen += [alerts.c[name] == value for name in exact if (value := getattr(filters, name))]
    if filters.since is not None:
        chosen.append(or_(alerts.c.ended.is_(None), alerts.c.ended >= filters.since))
    if filters.until is not None:
        chosen.append(alerts.c.started < filters.until)
    return [*chosen, *matches(filters.text, alerts.c.alertname, *(_OWN_WORDS if own else _ALL_WORDS))]


def _read(row: Any) -> AlertRow:
    return AlertRow(**row._mapping)  # noqa: SLF001 - public in spite of its name (SQLAlchemy's Row)
