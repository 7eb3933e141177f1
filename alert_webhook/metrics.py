"""The webhook's own metrics; the names are part of the alert rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alert_webhook.payload import QuarantineReason
from alert_webhook.reasons import FAILURES, Reason
from alert_webhook.sweeps import Backlog

# A second series for each counter that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

OUTCOMES = ("accepted", "retry", "unknown", "refused")

# Around what is promised: 1 s for the first message, 30 s for all, an hour before it is a dead letter.
_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300, 1800, 3600)


class Metrics:
    """One set of metrics. Every child that can come to be exists from the start, so that increase() sees it."""

    def __init__(
        self,
        channels: Iterable[str],
        backlog: Callable[[float], Backlog],
        contacts_current: Callable[[], bool],
        backed_up: Callable[[], float | None],
    ) -> None:
        """`contacts_current` looks whether contacts are those of the inventory as it is now.

        `backed_up` looks when the newest backup was taken (Unix seconds), None where none ever was.
        """
        self._registry = CollectorRegistry()
        self._received = self._counter("backhaul_webhook_alerts_received", "Alerts in understood payloads.", "status")
        self._quarantined = self._counter(
            "backhaul_webhook_payloads_quarantined",
            "Payloads, or single alerts of them, that were set aside.",
            "reason",
        )
        self._deliveries = self._counter(
            "backhaul_webhook_deliveries", "Attempts to hand a message to a provider.", "channel", "outcome", "reason"
        )
        self._dead = self._counter("backhaul_webhook_dead_letters", "Notices nobody was given.", "channel")
        self._latency = Histogram(
            "backhaul_webhook_delivery_latency_seconds",
            "From an alert's arrival to a provider's acceptance.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._watchdog = Gauge(
            "backhaul_webhook_watchdog_timestamp_seconds",
            "When the Watchdog alert last came through; 0 before the first.",
            registry=self._registry,
        )
        # Looked up at the scrape: no alert may have come since the inventory broke.
        Gauge(
            "backhaul_webhook_inventory_reload_success",
            "1 when the inventory was good when last read, 0 when older contacts are kept.",
            registry=self._registry,
        ).set_function(contacts_current)
        self._prepare(tuple(channels))
        self._registry.register(_BacklogCollector(tuple(channels), backlog))
        self._registry.register(_BackupCollector(backed_up))

    def received(self, status: str) -> None:
        """One alert came in."""
        self._received.labels(status).inc()

    def quarantined(self, reason: QuarantineReason) -> None:
        """One payload or alert was set aside."""
        self._quarantined.labels(reason.value).inc()

    def watchdog(self, now: float) -> None:
        """The heartbeat came through."""
        self._watchdog.set(now)

    def delivery(self, channel: str, outcome: str, reason: Reason) -> None:
        """One attempt ended; `outcome` is one of OUTCOMES."""
        self._deliveries.labels(channel, outcome, reason.value).inc()

    def dead(self, by_channel: dict[str, int]) -> None:
        """Notices were given up."""
        for channel, count in by_channel.items():
            self._dead.labels(channel).inc(count)

    def accepted(self, waiting_since: Iterable[float], now: float) -> None:
        """A message was accepted that carried notices waiting since then."""
        for since in waiting_since:
            self._latency.observe(max(0.0, now - since))

    def exposition(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _prepare(self, channels: tuple[str, ...]) -> None:
        for status in ("firing", "resolved"):
            self._received.labels(status)
        for set_aside in QuarantineReason:
            self._quarantined.labels(set_aside.value)
        for channel in channels:
            self._dead.labels(channel)
            self._deliveries.labels(channel, "accepted", Reason.NONE.value)
            for outcome in OUTCOMES[1:]:
                for reason in FAILURES:
                    self._deliveries.labels(channel, outcome, reason.value)


class _BacklogCollector(Collector):
    """Asks the database at the scrape, so that every process of several tells the same truth."""

    def __init__(self, channels: tuple[str, ...], backlog: Callable[[float], Backlog]) -> None:
        self._channels = channels
        self._backlog = backlog

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        now = time.time()
        backlog = self._backlog(now)
        pending = GaugeMetricFamily("backhaul_webhook_messages_pending", "Notices that wait.", labels=["channel"])
        for channel in self._channels:
            pending.add_metric([channel], backlog.pending.get(channel, 0))
        yield pending
        age = 0.0 if backlog.oldest is None else now - backlog.oldest
        yield GaugeMetricFamily("backhaul_webhook_oldest_pending_seconds", "Age of the oldest of them.", value=age)


class _BackupCollector(Collector):
    """Absent where no backup was ever taken: who backs up by other means is not told that it is late."""

    def __init__(self, backed_up: Callable[[], float | None]) -> None:
        self._backed_up = backed_up

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        at = self._backed_up()
        if at is not None:
            yield GaugeMetricFamily("backhaul_backup_timestamp_seconds", "When the newest backup was done.", value=at)
