"""What Backhaul's own services say of themselves to Prometheus, as the filled Prometheus of the tests scrapes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# The jobs besides the exporter and the devices, with the path each is read from.
JOBS = {"backhaul-webhook": "/webhook", "backhaul-portal": "/portal", "alertmanager": "/alertmanager"}

Sample = tuple[str, Mapping[str, str], float]  # a counter by its rate

_BUCKETS = {"0.1": 5.0, "1": 9.0, "+Inf": 10.0}  # observations a second


def own_metrics(path: str) -> Iterator[Sample]:
    """The samples of the service that is read from `path`."""
    yield "process_cpu_seconds_total", {}, 0.05
    yield "process_resident_memory_bytes", {}, 9e7
    if path == "/metrics":
        for outcome in ("read", "failed", "shared"):
            yield "backhaul_exporter_probes_total", {"outcome": outcome}, 1.0
        yield from _histogram("backhaul_exporter_probe_duration_seconds")
        yield "backhaul_disk_free_bytes", {"path": "/"}, 6e10
        yield "backhaul_disk_size_bytes", {"path": "/"}, 1e11
        yield "isp_inventory_reload_success", {}, 1.0
        for family in ("ipv4", "ipv6"):
            yield "backhaul_pinger_socket_up", {"family": family}, 1.0
            yield "backhaul_pinger_not_sent_total", {"family": family}, 0.0
    if path == JOBS["backhaul-webhook"]:
        for channel in ("whatsapp", "email"):
            yield "backhaul_webhook_messages_pending", {"channel": channel}, 1.0
            yield "backhaul_webhook_dead_letters_total", {"channel": channel}, 0.0
            delivered = {"channel": channel, "outcome": "accepted", "reason": "none"}
            yield "backhaul_webhook_deliveries_total", delivered, 0.2
        yield "backhaul_webhook_oldest_pending_seconds", {}, 3.0
        yield "backhaul_webhook_watchdog_timestamp_seconds", {}, 1.8e9
        yield "backhaul_webhook_inventory_reload_success", {}, 1.0
        yield "backhaul_webhook_alerts_received_total", {"status": "firing"}, 0.1
        yield "backhaul_webhook_payloads_quarantined_total", {"reason": "not_json"}, 0.0
        yield from _histogram("backhaul_webhook_delivery_latency_seconds")
    if path == JOBS["backhaul-portal"]:
        asked = {"view": "my.index", "method": "GET", "status": "200"}
        yield "backhaul_portal_requests_total", asked, 2.0
        yield "backhaul_portal_logins_total", {"way": "password", "outcome": "accepted"}, 0.1
        yield from _histogram("backhaul_portal_request_duration_seconds", view="my.index")
        yield "backhaul_portal_streams_open", {}, 3.0
        yield "backhaul_portal_grafana_refused_total", {"where": "gateway", "reason": "expression"}, 0.0
    if path == JOBS["alertmanager"]:
        yield "alertmanager_notifications_failed_total", {"integration": "webhook"}, 0.0
        # Prometheus' own, of one that writes to a second store; that of the tests writes to none.
        yield "prometheus_remote_storage_queue_highest_sent_timestamp_seconds", {"remote_name": "a"}, 4e9


def _histogram(name: str, **labels: str) -> Iterator[Sample]:
    for bound, count in _BUCKETS.items():
        yield f"{name}_bucket", {**labels, "le": bound}, count
    yield f"{name}_count", labels, _BUCKETS["+Inf"]
    yield f"{name}_sum", labels, 2.0
