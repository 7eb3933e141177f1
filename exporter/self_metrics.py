"""The exporter's metrics about itself: the process, and what probes cost. The one place that uses prometheus_client."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

# A `_created` gauge beside every counter would double them, and Prometheus needs none.
disable_created_metrics()  # type: ignore[no-untyped-call]


class SelfMetrics:
    """Counts probes by how they ended, not by device: the devices have metrics of their own on /probe."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._probes = Counter(
            "backhaul_exporter_probes",
            "Probes answered, by what became of them: read, failed, or shared with an earlier probe.",
            ["outcome"],
            registry=self._registry,
        )
        for outcome in ("read", "failed", "shared"):
            self._probes.labels(outcome)
        self._seconds = Histogram(
            "backhaul_exporter_probe_duration_seconds",
            "Seconds a probe took, of all devices together.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self._registry,
        )

    def count_probe(self, outcome: str, seconds: float) -> None:
        """Note one probe: `outcome` is read, failed or shared."""
        self._probes.labels(outcome).inc()
        self._seconds.observe(seconds)

    def render(self) -> bytes:
        """The text format of all of them."""
        return generate_latest(self._registry)
