"""The portal's own metrics, added up over its processes: requests by view, how long they took, logins by outcome."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

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


def exposition() -> bytes:
    """All of it in Prometheus' text format."""
    if MULTIPROCESS_DIRECTORY not in os.environ:
        return generate_latest(_registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
