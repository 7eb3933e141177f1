"""The portal's own metrics, added up over its processes: requests, logins, live streams, what was refused."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# prometheus_client looks at this when it is imported: `server.py` sets it before it starts its processes.
MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

_registry = CollectorRegistry()

REQUESTS = Counter(
    "backhaul_portal_requests_total", "Answers, by view and status.", ("view", "method", "status"), registry=_registry
)
SECONDS = Histogram(
    "backhaul_portal_request_duration_seconds",
    "From the request to the answer, within the application.",
    ("view",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10),
    registry=_registry,
)
LOGINS = Counter(
    "backhaul_portal_logins_total",
    "Logins, by way (password, link, code, enrolment) and outcome (accepted, refused, throttled).",
    ("way", "outcome"),
    registry=_registry,
)
GRAFANA_REFUSED = Counter(
    "backhaul_portal_grafana_refused_total",
    "What was not let through on the way to Grafana (proxy) and from it to Prometheus (gateway), by reason.",
    ("where", "reason"),
    registry=_registry,
)
STREAMS = Gauge(
    "backhaul_portal_streams_open",
    "Live streams of pages that are open, by all processes together.",
    registry=_registry,
    multiprocess_mode="livesum",
)


def exposition() -> bytes:
    """All of it in Prometheus' text format."""
    if MULTIPROCESS_DIRECTORY not in os.environ:
        return generate_latest(_registry)
    _forget_ended(Path(os.environ[MULTIPROCESS_DIRECTORY]))
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_ended(directory: Path) -> None:
    """What a process that was killed had open is open no more; its counts go on counting."""
    for file in directory.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except (ProcessLookupError, PermissionError):  # the second: its number is that of somebody else's by now
            with suppress(FileNotFoundError):  # who asks at the same moment was faster
                mark_process_dead(process)  # type: ignore[no-untyped-call]
