"""The exporter's metrics about itself and its machine's disks. The one place that uses prometheus_client."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

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
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inventory.settings import SettingError, setting

# A `_created` gauge beside every counter would double them, and Prometheus needs none.
disable_created_metrics()  # type: ignore[no-untyped-call]


class SelfMetrics:
    """Counts probes by how they ended, not by device: the devices have metrics of their own on /probe."""

    def __init__(self, disks: Sequence[str] = ("/",)) -> None:
        """`disks` are paths whose file systems are measured."""
        self._registry = CollectorRegistry()
        self._registry.register(_Disks(disks))
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


def disks_from(environ: Mapping[str, str]) -> tuple[str, ...]:
    """`/` and the paths of BACKHAUL_DISKS, each once. Raises SettingError for one that cannot be measured."""
    paths = [path.strip() for path in (setting(environ, "BACKHAUL_DISKS") or "").split(",")]
    for path in filter(None, paths):
        try:
            os.statvfs(path)
        except OSError as error:
            what = f'cannot measure "{path}": {error.strerror}'
            raise SettingError(f"BACKHAUL_DISKS: {what}; expected paths the exporter sees, comma separated") from error
    return tuple(dict.fromkeys(["/", *filter(None, paths)]))


class _Disks(Collector):
    """Reads the file systems at each scrape; one that cannot be read is left out."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(paths)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        free = GaugeMetricFamily("backhaul_disk_free_bytes", "Bytes anybody may still write there.", labels=["path"])
        size = GaugeMetricFamily("backhaul_disk_size_bytes", "Bytes of the file system of `path`.", labels=["path"])
        for path in self._paths:
            with suppress(OSError):
                disk = os.statvfs(path)
                free.add_metric([path], disk.f_bavail * disk.f_frsize)
                size.add_metric([path], disk.f_blocks * disk.f_frsize)
        yield from (free, size)
