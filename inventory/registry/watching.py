"""What the live stream asks of the registry once a second, for everybody who looks at once."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from inventory.registry.alerts import AlertRow
from inventory.registry.scope import Transaction
from inventory.registry.sessions import IDLE_SECONDS
from inventory.registry.tables import alerts, circuits, sessions, users


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that fires, by its id, and whose it is."""

    id: int
    isp: str | None
    tenant: str | None


def open_alerts(tx: Transaction) -> list[Open]:
    """Every alert of the scope that fires now."""
    firing = select(alerts.c.id, alerts.c.isp, alerts.c.tenant).where(tx.visible(alerts), alerts.c.ended.is_(None))
    return [Open(row.id, row.isp, row.tenant) for row in tx.connection.execute(firing)]


def circuit_names(tx: Transaction, rows: Collection[AlertRow]) -> Mapping[int, str]:
    """The name of the circuit each of these alerts is about, by the alert's id.

    One that is gone has none, nor one that is another tenant's or isp's by now: an id that is free is given anew.
    """
    about = {row.id: (row.isp, row.tenant, row.labels["circuit"]) for row in rows if row.labels.get("circuit")}
    if not about:
        return {}
    c, ids = circuits.c, {circuit for _, _, circuit in about.values()}
    query = select(c.isp, c.tenant, c.circuit, c.name).where(tx.visible(circuits), c.circuit.in_(ids))
    names = {(row.isp, row.tenant, row.circuit): row.name for row in tx.connection.execute(query)}
    return {alert: names[circuit] for alert, circuit in about.items() if circuit in names}


def still_open(tx: Transaction, token_hashes: Collection[str]) -> Mapping[str, str | None]:
    """Which of these sessions are still good, each with the isp it looks at; to be asked in the login's scope."""
    if not token_hashes:
        return {}
    now = time.time()
    good = (
        select(sessions.c.token_hash, sessions.c.isp)
        .join(users, users.c.id == sessions.c.user_id)
        .where(tx.visible(sessions), sessions.c.token_hash.in_(set(token_hashes)), sessions.c.second_factor.is_(True))
        .where(sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE_SECONDS, users.c.disabled_at.is_(None))
    )
    return {row.token_hash: row.isp for row in tx.connection.execute(good)}
