"""Takes one webhook body in: parsed, routed, durable; then the worker is woken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from alert_webhook.metrics import Metrics
from alert_webhook.outbox import Intake, Outbox
from alert_webhook.payload import Alert, Parsed, Quarantined, QuarantineReason, parse_payload
from alert_webhook.routing import HEARTBEAT, Recipient

log = structlog.get_logger()

Route = Callable[[Alert], Sequence[Recipient]]


class Reception:
    """The way of a body into the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        route: Route,
        metrics: Metrics,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`route` says who is told, `wake` is called when there is something new, `clock` gives Unix seconds."""
        self._outbox = outbox
        self._route = route
        self._metrics = metrics
        self._wake = wake
        self._clock = clock

    def take(self, body: bytes) -> None:
        """Make everything in `body` durable. Raises SQLAlchemyError when the database could not commit."""
        self._commit(parse_payload(body))

    def take_too_large(self, start: bytes) -> None:
        """Set aside a body of which only the start was read. Raises SQLAlchemyError as `take`."""
        self._commit(Parsed(quarantined=(Quarantined(QuarantineReason.TOO_LARGE, start),)))

    def _commit(self, parsed: Parsed) -> None:
        now = self._clock()
        intake = self._routed(parsed)
        if intake.routed or intake.quarantined:
            self._outbox.add(intake, now)
            self._wake()
        self._count(parsed.alerts, intake.quarantined, now)

    def _routed(self, parsed: Parsed) -> Intake:
        routed: list[tuple[Alert, Sequence[Recipient]]] = []
        nobody: list[Quarantined] = []
        for alert in parsed.alerts:
            if alert.name == HEARTBEAT:
                continue
            told = self._route(alert)
            routed.append((alert, told))
            if not told:
                raw = f"{alert.fingerprint} {alert.name} {dict(alert.labels)}".encode()
                nobody.append(Quarantined(QuarantineReason.NO_RECIPIENT, raw))
        return Intake(routed, (*parsed.quarantined, *nobody))

    def _count(self, alerts: Sequence[Alert], quarantined: Sequence[Quarantined], now: float) -> None:
        for alert in alerts:
            self._metrics.received(alert.status)
            if alert.name == HEARTBEAT and alert.status == "firing":
                self._metrics.watchdog(now)
        for entry in quarantined:
            self._metrics.quarantined(entry.reason)
            log.warning("set aside what was not understood", reason=entry.reason, size=len(entry.raw))
