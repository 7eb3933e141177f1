"""Sends one lane's message and records what the notifier said."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

import structlog

from alert_webhook.deliveries import Deliveries
from alert_webhook.lanes import Lane, Leases
from alert_webhook.message import Message, Notifier
from alert_webhook.metrics import Metrics
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.retry import delay_after, is_worth_another

log = structlog.get_logger()

# A phone is not rung more often than this, seconds; what comes in between is gathered into one message.
PACE = 6.0


class Sender:
    """Takes a leased lane to its next rest. Used by many threads at once, never two for one lane."""

    def __init__(
        self,
        leases: Leases,
        deliveries: Deliveries,
        notifiers: Mapping[str, Notifier],
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives Unix seconds."""
        self._leases = leases
        self.deliveries = deliveries
        self.notifiers = notifiers
        self._metrics = metrics
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - jitter, no secret

    def serve(self, lane: Lane) -> None:
        """Send what is due in `lane`, if anything, and give the lane back."""
        next_at = self._clock() + PACE  # also after an accident, so that it does not repeat at full speed
        try:
            prepared = self.deliveries.prepare(lane, self._clock())
            self._metrics.dead(prepared.dead)
            if prepared.message is None:
                next_at = 0.0
            else:
                rest = self._send(lane, prepared.message, prepared.attempts)
                next_at = self._clock() + max(PACE, rest)
        finally:
            self._leases.release(lane, next_at)

    def _send(self, lane: Lane, message: Message, attempts: int) -> float:
        """Send; returns for how many seconds the lane must rest."""
        try:
            provider_id = self.notifiers[lane.channel].send(message)
        except DeliveryError as error:
            return self._failed(lane, message, attempts + 1, error)
        now = self._clock()
        self._metrics.accepted(self.deliveries.accepted(message.id, provider_id, now), now)
        self._metrics.delivery(lane.channel, "accepted", Reason.NONE)
        log.info("message accepted", message=message.id, channel=lane.channel, provider_id=provider_id)
        return 0.0

    def _failed(self, lane: Lane, message: Message, attempts: int, error: DeliveryError) -> float:
        outcome, rest = "refused", 0.0
        if error.reason is Reason.UNKNOWN:
            outcome = "unknown"
            self.deliveries.unknown(message.id, self._clock())
        elif is_worth_another(error, attempts):
            outcome, rest = "retry", delay_after(error, attempts, self._rng)
            self.deliveries.again(message.id, error.reason, rest, self._clock())
        else:
            self._metrics.dead(self.deliveries.refused(message.id, error, self._clock()))
        self._metrics.delivery(lane.channel, outcome, error.reason)
        log.warning(
            "message not accepted",
            message=message.id, channel=lane.channel, outcome=outcome, reason=error.reason, detail=error.detail,
        )  # fmt: skip
        return rest
