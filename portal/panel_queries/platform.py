"""What the owner's dashboard of Backhaul itself draws, from Prometheus' own data source."""

from __future__ import annotations

from portal.binding import Query

_OURS = 'job=~"backhaul-exporter|backhaul-webhook|backhaul-portal|prometheus|alertmanager"'

_BUSY_RULES = (
    "max by (rule_group) (prometheus_rule_group_last_duration_seconds / prometheus_rule_group_interval_seconds)"
)


def _p95(histogram: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket[5m])))"


# Backhaul itself, by Prometheus' own data source: nobody but the platform's owner has that.
PANELS: tuple[Query, ...] = tuple(
    Query(name, expr, "platform", unit, legend, what)  # type: ignore[arg-type]  # the tests know every unit
    for name, expr, unit, legend, what in (
        (
            "services-now",
            f"min by (job) (last_over_time(up{{{_OURS}}}[1m]))",
            "state",
            "{{job}}",
            "Whether each service answers Prometheus now.",
        ),
        (
            "services-up",
            f"min by (job) (up{{{_OURS}}})",
            "state",
            "{{job}}",
            "Whether each service answered Prometheus.",
        ),
        (
            "scrapes-answered",
            'avg(up{job="backhaul-devices"})',
            "ratio",
            "Device readings",
            "Share of the readings of devices that came back from the exporter in time.",
        ),
        (
            "exporter-probes",
            "sum by (outcome) (rate(backhaul_exporter_probes_total[5m]))",
            "per second",
            "{{outcome}}",
            "Readings of devices, by what became of them.",
        ),
        (
            "exporter-probe-p95",
            _p95("backhaul_exporter_probe_duration_seconds"),
            "seconds",
            "Reading a device",
            "How long 95 of 100 readings of a device took at most.",
        ),
        (
            "processor-used",
            f"sum by (job) (rate(process_cpu_seconds_total{{{_OURS}}}[5m]))",
            "cores",
            "{{job}}",
            "Processor cores each service uses.",
        ),
        (
            "memory-used",
            f"sum by (job) (process_resident_memory_bytes{{{_OURS}}})",
            "bytes",
            "{{job}}",
            "Memory each service holds.",
        ),
        (
            "messages-pending",
            "max by (channel) (backhaul_webhook_messages_pending)",
            "count",
            "{{channel}}",
            "Notices that wait to be sent.",
        ),
        (
            "messages-oldest",
            "max(backhaul_webhook_oldest_pending_seconds)",
            "seconds",
            "Oldest",
            "How long the oldest notice has been waiting; an alert starts at 2 minutes.",
        ),
        (
            "messages-sent",
            "sum by (channel, outcome) (increase(backhaul_webhook_deliveries_total[5m]))",
            "count",
            "{{channel}}, {{outcome}}",
            "Tries to hand a message to a provider, in 5 minutes, by how they ended.",
        ),
        (
            "messages-p95",
            _p95("backhaul_webhook_delivery_latency_seconds"),
            "seconds",
            "Until accepted",
            "How long 95 of 100 messages took at most, from the alert's arrival until the provider had them.",
        ),
        (
            "messages-given-up",
            "sum by (channel) (increase(backhaul_webhook_dead_letters_total[1h]))",
            "count",
            "{{channel}}",
            "Notices nobody was given, in the hour before.",
        ),
        (
            "watchdog-age",
            "time() - max(backhaul_webhook_watchdog_timestamp_seconds > 0)",
            "seconds",
            "Watchdog",
            "How long ago the alert that always fires last came through to the webhook.",
        ),
        (
            "portal-requests",
            "sum by (status) (rate(backhaul_portal_requests_total[5m]))",
            "per second",
            "{{status}}",
            "Answers of the portal, by status.",
        ),
        (
            "portal-p95",
            _p95("backhaul_portal_request_duration_seconds"),
            "seconds",
            "Answering",
            "How long 95 of 100 answers of the portal took at most.",
        ),
        (
            "portal-logins",
            "sum by (way, outcome) (increase(backhaul_portal_logins_total[15m]))",
            "count",
            "{{way}}, {{outcome}}",
            "Logins to the portal in 15 minutes: many refused ones are somebody who guesses.",
        ),
        (
            "portal-streams",
            "sum(backhaul_portal_streams_open)",
            "count",
            "Open pages",
            "Pages that follow the alerts live; a process of the portal takes 2,000 of them.",
        ),
        (
            "grafana-refused",
            "sum by (where, reason) (increase(backhaul_portal_grafana_refused_total[15m]))",
            "count",
            "{{where}}, {{reason}}",
            "What was not let through to Grafana (proxy) or from it to Prometheus (gateway), in 15 minutes, by reason.",
        ),
        (
            "alerts-received",
            "sum by (status) (increase(backhaul_webhook_alerts_received_total[5m]))",
            "count",
            "{{status}}",
            "Alerts the webhook took from Alertmanager, in 5 minutes.",
        ),
        (
            "payloads-quarantined",
            "sum by (reason) (increase(backhaul_webhook_payloads_quarantined_total[1h]))",
            "count",
            "{{reason}}",
            "What came to the webhook and was not understood, in the hour before. Any is a fault.",
        ),
        (
            "pinger-open",
            "min by (family) (backhaul_pinger_socket_up)",
            "state",
            "{{family}}",
            "Whether the exporter can send pings, by family of addresses.",
        ),
        (
            "pings-not-sent",
            "sum by (family) (rate(backhaul_pinger_not_sent_total[5m]))",
            "per second",
            "{{family}}",
            "Pings the system did not take: they were never lost on a line.",
        ),
        (
            "inventory-followed",
            'min by (job) ({__name__=~"(isp|backhaul_webhook)_inventory_reload_success"})',
            "state",
            "{{job}}",
            "Whether the inventory was read the last time; if not, the one before it goes on.",
        ),
        (
            "recorded-late",
            "time() - min(prometheus_remote_storage_queue_highest_sent_timestamp_seconds)",
            "seconds",
            "Behind",
            "How old the newest sample is that a second store has taken; an alert starts at 5 minutes.",
        ),
        (
            "prometheus-series",
            "max(prometheus_tsdb_head_series)",
            "count",
            "Series",
            "Time series Prometheus holds in memory: what its memory goes by.",
        ),
        (
            "prometheus-samples",
            "sum(rate(prometheus_tsdb_head_samples_appended_total[5m]))",
            "per second",
            "Samples",
            "Samples Prometheus takes in: what its disk goes by.",
        ),
        (
            "kept-from",
            "max(prometheus_tsdb_lowest_timestamp_seconds) * 1000",
            "unix milliseconds",
            "Oldest",
            "From when on Prometheus has anything: what is older is asked of the store of recorded series.",
        ),
        (
            "prometheus-disk",
            "max(prometheus_tsdb_storage_blocks_bytes)",
            "bytes",
            "Blocks",
            "Disk that Prometheus' blocks take, without the last hours.",
        ),
        (
            "disks-free",
            "min by (path) (backhaul_disk_free_bytes / backhaul_disk_size_bytes)",
            "ratio",
            "{{path}}",
            "Share of each disk that is free where the exporter runs; an alert starts below 10 %.",
        ),
        (
            "rules-share",
            _BUSY_RULES,
            "ratio",
            "{{rule_group}}",
            "Of the time between two evaluations, what one takes; near 1 alerts come late.",
        ),
        (
            "rules-failed",
            "sum(increase(prometheus_rule_evaluation_failures_total[15m]))",
            "count",
            "Failed",
            "Evaluations of rules that failed, in 15 minutes. Any is a fault.",
        ),
        (
            "alerts-lost",
            "sum(increase(prometheus_notifications_dropped_total[15m]))",
            "count",
            "Not taken by Alertmanager",
            "Alerts Prometheus could not hand to Alertmanager, in 15 minutes.",
        ),
        (
            "alertmanager-failed",
            "sum(increase(alertmanager_notifications_failed_total[15m]))",
            "count",
            "Not taken by the webhook",
            "Notifications Alertmanager could not hand on, in 15 minutes.",
        ),
        (
            "alerts-firing",
            'count by (alertname) (ALERTS{alertstate="firing"})',
            "count",
            "{{alertname}}",
            "Alerts that fire, of all isps. Watchdog always does.",
        ),
        (
            "isps-circuits-down",
            'max by (isp) (isp:circuits:count{state="down"})',
            "count",
            "{{isp}}",
            "Circuits that are down, by isp.",
        ),
    )
)
