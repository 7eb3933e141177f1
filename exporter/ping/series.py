"""Writes the ping metrics of one circuit, as its PingStats say, for either vantage point."""

from __future__ import annotations

from typing import Literal

from exporter import metrics
from exporter.exposition import Exposition
from exporter.ping.stats import RTT_BUCKETS, PingStats

_BOUNDS = (*(repr(bound) for bound in RTT_BUCKETS), "+Inf")


class PingSeries:
    """The series of one circuit seen from one vantage point, with their labels escaped once."""

    __slots__ = ("_buckets", "_count", "_jitter", "_last_rtt", "_loss", "_received", "_sent", "_sum", "_up")

    def __init__(self, isp: str, tenant: str, circuit: str, vantage: Literal["server", "device"]) -> None:
        labels = (isp, tenant, circuit, vantage)
        rtt = metrics.CIRCUIT_PING_RTT
        self._up = metrics.CIRCUIT_UP.series(isp, tenant, circuit)
        self._buckets = [rtt.series(*labels, suffix="_bucket", le=bound) for bound in _BOUNDS]
        self._sum = rtt.series(*labels, suffix="_sum")
        self._count = rtt.series(*labels, suffix="_count")
        self._last_rtt = metrics.CIRCUIT_PING_LAST_RTT.series(*labels)
        self._jitter = metrics.CIRCUIT_PING_JITTER.series(*labels)
        self._loss = metrics.CIRCUIT_PING_LOSS.series(*labels)
        self._sent = metrics.CIRCUIT_PING_SENT.series(*labels)
        self._received = metrics.CIRCUIT_PING_RECEIVED.series(*labels)

    def write(self, exposition: Exposition, stats: PingStats) -> None:
        """Add what `stats` know; what is unknown is left out."""
        add = exposition.add
        if stats.up is not None:
            add(metrics.CIRCUIT_UP, self._up, int(stats.up))
        for series, count in zip(self._buckets, stats.cumulative_buckets(), strict=True):
            add(metrics.CIRCUIT_PING_RTT, series, count)
        add(metrics.CIRCUIT_PING_RTT, self._sum, stats.rtt_sum)
        add(metrics.CIRCUIT_PING_RTT, self._count, stats.received)
        if stats.last_rtt is not None:
            add(metrics.CIRCUIT_PING_LAST_RTT, self._last_rtt, stats.last_rtt)
        if stats.jitter is not None:
            add(metrics.CIRCUIT_PING_JITTER, self._jitter, stats.jitter)
        if (loss := stats.loss) is not None:
            add(metrics.CIRCUIT_PING_LOSS, self._loss, loss)
        add(metrics.CIRCUIT_PING_SENT, self._sent, stats.sent)
        add(metrics.CIRCUIT_PING_RECEIVED, self._received, stats.received)
