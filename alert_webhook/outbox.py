"""The way into the outbox: one transaction that makes alerts durable before Alertmanager gets its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text, update

from alert_webhook.history import History
from alert_webhook.notice import rank_of
from alert_webhook.payload import Alert, Quarantined
from alert_webhook.restored import IN_DOUBT, Restored, last_restored
from alert_webhook.routing import Recipient
from alert_webhook.transitions import ANOTHER_LIFE
from inventory.outbox import NoticeState, lanes, notices, quarantine
from inventory.outbox_entry import add_notices

# Of what could not be understood this much is kept, each and altogether: enough to see what it was.
QUARANTINE_BYTES = 64 * 1024
QUARANTINE_ROWS = 1_000

# A dead letter is tried again when Alertmanager repeats the alert, but not more often than this, seconds.
REVIVE_AFTER = 1800.0


@dataclass(frozen=True, slots=True)
class Intake:
    """What one webhook request brings: alerts with those who are told (maybe nobody), and what was not understood."""

    routed: Sequence[tuple[Alert, Sequence[Recipient]]]
    quarantined: Sequence[Quarantined] = ()


class Outbox:
    """Where alerts become durable. With `hold_resolved` an end waits until it is confirmed."""

    def __init__(
        self,
        engine: Engine,
        history: History,
        *,
        hold_resolved: bool,
        only_isp: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`only_isp` is whose an alert is that names none (ExporterDown), where there is one isp."""
        self._engine = engine
        self._only_isp = only_isp
        self._history = history
        self._hold_resolved = hold_resolved

    def add(self, intake: Intake, now: float) -> None:
        """Write everything in one transaction; what is there already stays as it is.

        Raises sqlalchemy.exc.SQLAlchemyError when the database could not commit.
        """
        with self._engine.begin() as connection:
            rows = self._rows(intake.routed, last_restored(connection), now)
            if rows:
                add_notices(connection, rows)
                _revive(connection, intake.routed, now)
            if intake.quarantined:
                _quarantine(connection, intake.quarantined, now)
            # Last: whoever writes the history keeps others waiting until he commits.
            self._history.note(connection, (alert for alert, _ in intake.routed), now)

    def answers(self) -> bool:
        """Whether the database answers, with our tables in it. Raises SQLAlchemyError when not."""
        with self._engine.begin() as connection:
            connection.execute(select(lanes.c.channel).limit(1))
            return bool(connection.execute(text("SELECT 1")).scalar_one())

    def _rows(
        self, routed: Sequence[tuple[Alert, Sequence[Recipient]]], restored: Restored | None, now: float
    ) -> list[dict[str, Any]]:
        """A notice for each alert and recipient; what a restored backup may not know of is in doubt.

        There the beginning comes with the end: who was told of it by the tables that are lost is to hear the end too.
        """
        rows: list[dict[str, Any]] = []
        for alert, told in routed:
            beginning = replace(alert, status="firing", ends_at=None)
            known = (alert,) if restored is None or alert.status == "firing" else (beginning, alert)
            for each in known:
                doubt = restored is not None and each.happened < restored.restored_at
                if each is alert or doubt:
                    rows += [self._row(each, recipient, now) | (IN_DOUBT if doubt else {}) for recipient in told]
        return rows

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
            "isp": (alert.labels.get("isp") or self._only_isp() or "")[:200] or None,
            **{label: (alert.labels.get(label) or "")[:200] or None for label in ("tenant", "device")},
            "alert": {
                "labels": dict(alert.labels),
                "annotations": dict(alert.annotations),
                "ends_at": alert.ends_at,
            },
            "state": NoticeState.HELD if held else NoticeState.PENDING,
            "reason": None,
            "received_at": now,
            "queued_at": now,
            "due_at": now,
        }


def _revive(connection: Connection, routed: Sequence[tuple[Alert, Sequence[Recipient]]], now: float) -> None:
    """Give dead letters of alerts that are reported again another life: the alert still matters."""
    dead = (notices.c.state == NoticeState.DEAD) & (notices.c.finished_at < now - REVIVE_AFTER)
    if connection.execute(select(notices.c.id).where(dead).limit(1)).first() is None:
        return
    fires = [{"f": alert.fingerprint, "s": alert.starts_at} for alert, _ in routed if alert.status == "firing"]
    if fires:
        again = {**ANOTHER_LIFE, "queued_at": now, "due_at": now}
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
