"""The way into the outbox: one transaction that makes alerts durable before Alertmanager gets its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from alert_webhook.notice import rank_of
from alert_webhook.payload import Alert, Quarantined
from alert_webhook.routing import Recipient
from inventory.outbox import NoticeState, lanes, notices, quarantine

# Of what could not be understood this much is kept, each and altogether: enough to see what it was.
QUARANTINE_BYTES = 64 * 1024
QUARANTINE_ROWS = 1_000

# A dead letter is tried again when Alertmanager repeats the alert, but not more often than this, seconds.
REVIVE_AFTER = 1800.0

_UNIQUE = ("fingerprint", "starts_at", "status", "recipient", "channel")


@dataclass(frozen=True, slots=True)
class Intake:
    """What one webhook request brings: alerts with those who are told, and what was not understood."""

    routed: Sequence[tuple[Alert, Sequence[Recipient]]]
    quarantined: Sequence[Quarantined] = ()


class Outbox:
    """Where alerts become durable. With `hold_resolved` an end waits until it is confirmed."""

    def __init__(self, engine: Engine, *, hold_resolved: bool) -> None:
        self._engine = engine
        self._hold_resolved = hold_resolved

    def add(self, intake: Intake, now: float) -> None:
        """Write everything in one transaction; what is there already stays as it is.

        Raises sqlalchemy.exc.SQLAlchemyError when the database could not commit.
        """
        rows = [self._row(alert, recipient, now) for alert, told in intake.routed for recipient in told]
        with self._engine.begin() as connection:
            if rows:
                add_notices(connection, rows)
                _revive(connection, intake.routed, now)
            if intake.quarantined:
                _quarantine(connection, intake.quarantined, now)

    def answers(self) -> bool:
        """Whether the database answers, with our tables in it. Raises SQLAlchemyError when not."""
        with self._engine.begin() as connection:
            connection.execute(select(lanes.c.channel).limit(1))
            return bool(connection.execute(text("SELECT 1")).scalar_one())

    def _row(self, alert: Alert, recipient: Recipient, now: float) -> dict[str, Any]:
        held = alert.status == "resolved" and self._hold_resolved
        return {
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at,
            "status": alert.status,
            "recipient": recipient.id,
            "channel": recipient.channel,
            "address": recipient.address,
            "fallback_address": recipient.fallback,
            "language": recipient.language,
            "role": recipient.role,
            "rank": rank_of(alert),
            "alertname": alert.name[:200],
            **{label: (alert.labels.get(label) or "")[:200] or None for label in ("isp", "tenant", "device")},
            "alert": {
                "labels": dict(alert.labels),
                "annotations": dict(alert.annotations),
                "ends_at": alert.ends_at,
            },
            "state": NoticeState.HELD if held else NoticeState.PENDING,
            "received_at": now,
            "queued_at": now,
            "due_at": now,
        }


def add_notices(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert notices and the lanes they need; those that exist are left alone."""
    connection.execute(insert_new(connection, notices, _UNIQUE), rows)
    needed = {(row["channel"], row["recipient"]) for row in rows}
    fresh = [{"channel": channel, "recipient": who, "next_at": 0.0, "lease_until": 0.0} for channel, who in needed]
    connection.execute(
        insert_new(connection, lanes, ("channel", "recipient")), sorted(fresh, key=lambda f: f["recipient"])
    )


def insert_new(connection: Connection, table: Table, unique: Iterable[str]) -> Insert:
    """INSERT ... ON CONFLICT DO NOTHING, in the words of the database at hand."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(unique))
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(unique))


def _revive(connection: Connection, routed: Sequence[tuple[Alert, Sequence[Recipient]]], now: float) -> None:
    """Give dead letters of alerts that are reported again another life: the alert still matters."""
    dead = (notices.c.state == NoticeState.DEAD) & (notices.c.finished_at < now - REVIVE_AFTER)
    if connection.execute(select(notices.c.id).where(dead).limit(1)).first() is None:
        return
    fires = [{"f": alert.fingerprint, "s": alert.starts_at} for alert, _ in routed if alert.status == "firing"]
    if fires:
        again = {"state": NoticeState.PENDING, "attempts": 0, "queued_at": now, "due_at": now, "finished_at": None}
        key = (notices.c.fingerprint == bindparam("f")) & (notices.c.starts_at == bindparam("s"))
        connection.execute(update(notices).where(dead, notices.c.status == "firing", key).values(again), fires)


def _quarantine(connection: Connection, entries: Sequence[Quarantined], now: float) -> None:
    rows = [
        {"received_at": now, "reason": entry.reason, "size": len(entry.raw), "raw": entry.raw[:QUARANTINE_BYTES]}
        for entry in entries[:QUARANTINE_ROWS]
    ]
    connection.execute(insert(quarantine), rows)
    newest = connection.execute(select(func.max(quarantine.c.id))).scalar_one()
    connection.execute(delete(quarantine).where(quarantine.c.id <= newest - QUARANTINE_ROWS))
