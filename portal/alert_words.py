"""An alert in words a person understands: how much it is, against which limit, and what it is about."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Table, null, select

from inventory.registry.alerts import AlertRow
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, links, tenants
from portal.format import bandwidth, duration, milliseconds, ratio
from portal.format import limit as bandwidth_limit

# What the rules say stands before the limit, as in the messages: words.yml of the webhook.
_BOUNDS = {
    "NttnVlanMissing": "expected",
    "CircuitLatencyHigh": "promised",
    "CircuitLossHigh": "promised",
    "RouterLimitDrift": "plan",
}
_SHORT = {"Nttn": "NTTN", "Vlan": "VLAN", "Sla": "SLA"}
_LONG = 60.0  # seconds; a time from here on is read as a span


class Labelled(Protocol):
    """What has an alert's labels: the alert itself, or a notice of it."""

    @property
    def labels(self) -> Mapping[str, str]:
        """By name."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One thing an alert is about: tenant, circuit, link, device or vlan; `name` is what people call it."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what some alerts are about, by kind and id; what is not in the registry has none.

    `owners` are the tenants of the circuits, by their ids.
    """

    known: Mapping[tuple[str, str], str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def where(self, alert: Labelled) -> list[Part]:
        """What the alert is about, the narrowest first."""
        parts: list[Part] = []
        for kind in ("circuit", "link", "vlan", "tenant", "device", "instance"):
            found = alert.labels.get(kind)
            if found and (kind != "instance" or not parts):
                parts.append(Part(kind, found, found if self._is_anothers(kind, alert) else self.called(kind, found)))
        return parts

    def _is_anothers(self, kind: str, alert: Labelled) -> bool:
        """Whether it is a circuit whose id was given to another tenant than the alert's."""
        owner, tenant = self.owners.get(alert.labels.get("circuit", "")), alert.labels.get("tenant")
        return kind == "circuit" and bool(owner and tenant) and owner != tenant

    def called(self, kind: str, identifier: str) -> str:
        """Its name, or the id of what has none."""
        return self.known.get((kind, identifier), identifier)

    def knows(self, part: Part) -> bool:
        """Whether there is a page of it: it is in the registry under that name."""
        return self.known.get((part.kind, part.id)) == part.name


def names_of(tx: Transaction, alerts: Iterable[Labelled]) -> Names:
    """The names in the registry of everything `alerts` are about, as far as the scope may see it."""
    tables: dict[str, Table] = {"tenant": tenants, "circuit": circuits, "link": links}
    rows = list(alerts)
    known: dict[tuple[str, str], str] = {}
    owners: dict[str, str] = {}
    for kind, table in tables.items():
        ids = {alert.labels[kind] for alert in rows if alert.labels.get(kind)}
        if ids:
            query = select(table.c[kind], table.c.name, table.c.tenant if kind == "circuit" else null())
            found = tx.connection.execute(query.where(tx.visible(table), table.c[kind].in_(ids))).all()
            known |= {(kind, row[0]): row[1] for row in found}
            owners |= {row[0]: row[2] for row in found if row[2] is not None}
    return Names(known, owners)


def title(alertname: str) -> str:
    """`NTTN bandwidth high` for `NttnBandwidthHigh`; a name that is not written so stays as it is."""
    words = re.findall(r"[A-Z][a-z0-9]+", alertname)
    if not words or "".join(words) != alertname:
        return alertname
    first, *rest = words
    return " ".join((_SHORT.get(first, first), *(_SHORT.get(word, word.lower()) for word in rest)))


def measured(alert: AlertRow) -> str:
    """What was measured last, with its unit; empty where there is no figure or the name of the alert says it."""
    return _figure(alert.annotations.get("value", ""), alert.annotations.get("unit", ""))


def limit(alert: AlertRow) -> str:
    """What it was measured against: `limit 950 Mbps`; empty where there is no such figure."""
    figure = alert.annotations.get("limit", "")
    text = "" if figure == "0" else _figure(figure, alert.annotations.get("unit", ""))
    return f"{_BOUNDS.get(alert.alertname, 'limit')} {text}" if text else ""


def figures(alert: AlertRow) -> str:
    """`62 ms, promised 50 ms`; empty where there is none, and for a circuit that is just down."""
    return ", ".join(part for part in (measured(alert), limit(alert)) if part)


def runbook(alert: AlertRow) -> str | None:
    """The address of its runbook, where it is one a browser can open."""
    link = alert.annotations.get("runbook", "")
    return link if link.startswith(("https://", "http://")) and link.isascii() and " " not in link else None


def _figure(text: str, unit: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text[:40]
    if number == math.inf and unit == "bps":
        return bandwidth_limit(number)
    if not math.isfinite(number) or unit == "up":  # a state, which the alert's name says
        return ""
    written = {"bps": bandwidth, "ratio": ratio, "seconds": _seconds}.get(unit)
    return written(number) if written else f"{number:g} {unit[:20]}".rstrip()


def _seconds(number: float) -> str:
    if abs(number) < 1:
        return milliseconds(number)
    return duration(number) if abs(number) >= _LONG else f"{number:.3g} s"
