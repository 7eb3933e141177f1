"""10,000 series as text: our writer with prepared prefixes against prometheus_client's custom collector."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bench.common import Row, compared, own_cpu
from exporter.exposition import Exposition, Metric

CIRCUITS, TIMES = 1000, 15
LABELS = ("isp", "tenant", "circuit", "device", "direction")
METRICS = tuple(Metric(f"isp_circuit_figure_{n}", "gauge", LABELS, "What a probe gives.") for n in range(5))
IDENTITIES = [
    ("skylink", f"r{n}", f"r{n}-main", "core-1", way) for n in range(CIRCUITS) for way in ("download", "upload")
]


class Custom(Collector):
    """What a probe would be with prometheus_client: families made anew at every scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family with its samples."""
        for metric in METRICS:
            family = GaugeMetricFamily(metric.name, metric.help, labels=LABELS)
            for number, identity in enumerate(IDENTITIES):
                family.add_metric(identity, number * 1.5)
            yield family


def measure() -> list[Row]:
    """CPU of one exposition, the median of some, in this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Custom())
    prepared = [(metric, [metric.series(*identity) for identity in IDENTITIES]) for metric in METRICS]

    def ours() -> bytes:
        out = Exposition()
        for metric, series in prepared:
            for number, one in enumerate(series):
                out.add(metric, one, number * 1.5)
        return out.render()

    def unprepared() -> bytes:
        out = Exposition()
        for metric in METRICS:
            for number, identity in enumerate(IDENTITIES):
                out.add(metric, metric.series(*identity), number * 1.5)
        return out.render()

    client = own_cpu(lambda: generate_latest(registry), TIMES)
    assert ours().count(b"\n") == generate_latest(registry).count(b"\n")
    what = f"exposition: CPU of {len(METRICS) * len(IDENTITIES):,} series"
    return [
        compared(f"{what}, labels prepared (peer: prometheus_client)", own_cpu(ours, TIMES), client),
        compared(f"{what}, labels written anew (peer: prometheus_client)", own_cpu(unprepared, TIMES), client),
    ]
