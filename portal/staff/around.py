"""What stands around a thing on its page: its alerts, its maintenance, and whether the figures could be had at all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import g

from inventory.registry import finding
from inventory.registry.alerts import AlertRow, Filters, list_alerts
from inventory.registry.scope import Transaction
from portal import alert_words
from portal.alert_words import Part, figures
from portal.figures import Now
from portal.tenancy import identity

T = TypeVar("T")

_FEW = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart of a page: the catalogue's name for it, what it is about, and its title."""

    name: str
    params: Mapping[str, str]
    title: str


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in a list on the page of a thing: `parts` is what else it is about, `figures` how much against what."""

    alert: AlertRow
    parts: Sequence[Part]
    figures: str


def isp() -> str:
    """Whose pages these are. Raises NotFound for the platform's owner who has not chosen one."""
    return identity().scope.isp or ""


def seen(now: Now[T]) -> Now[T]:
    """The same; where Prometheus is away the page says so."""
    if now.away:
        g.prometheus_away = True
    return now


def alerts_of(tx: Transaction, filters: Filters, few: int = _FEW) -> Sequence[Told] | None:
    """The last alerts, in words; None for a role that may not see them."""
    if not identity().may("alerts.read"):
        return None
    rows = list_alerts(tx, filters, per_page=few).items
    names = alert_words.names_of(tx, rows)
    return [
        Told(row, [part for part in names.where(row) if getattr(filters, part.kind, None) is None], figures(row))
        for row in rows
    ]


def windows_on(
    tx: Transaction, *, tenant: str | None = None, circuit: str | None = None, link: str | None = None
) -> Sequence[finding.WindowOn] | None:
    """The maintenance of one thing, under way and ahead; None for a role that may not see it."""
    if not identity().may("maintenance.read"):
        return None
    return finding.windows_on(tx, time.time(), tenant=tenant, circuit=circuit, link=link)


def counted(number: int, word: str) -> str:
    """`1 circuit`, `3 circuits`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
