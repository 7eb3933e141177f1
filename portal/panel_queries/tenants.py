"""What a tenant's dashboards draw: recorded series alone, with the isp and the tenant in every selector."""

from __future__ import annotations

from portal.binding import Query
from portal.panel_queries.busiest import busiest

_OWN = 'isp="$isp",tenant="$tenant"'
_CIRCUIT = f'{_OWN},circuit="$circuit"'

# A tenant's: of one circuit, and of all of them by circuit. What is older than a minute is not "now".
PANELS: tuple[Query, ...] = (
    Query(
        "circuit-state-now",
        f"max by (circuit) (last_over_time(circuit:state:code{{{_CIRCUIT}}}[1m]))",
        "tenant",
        "state",
        "State",
        "Whether the circuit is up: 0 down, 1 up, 2 idle, 3 maintenance, 4 unknown.",
    ),
    Query(
        "circuit-use-now",
        f"max by (circuit) (last_over_time(circuit:utilization:ratio_rate5m{{{_CIRCUIT}}}[1m]))",
        "tenant",
        "ratio",
        "In use",
        "How much of what was bought the circuit uses now, the fuller direction.",
    ),
    Query(
        "circuit-ping-now",
        f"max by (circuit) (last_over_time(circuit:ping_rtt_seconds:mean5m{{{_CIRCUIT}}}[1m]))",
        "tenant",
        "seconds",
        "Ping",
        "Round trip of the answered pings of the last 5 minutes.",
    ),
    Query(
        "circuit-loss-now",
        f"max by (circuit) (last_over_time(circuit:ping_loss:ratio_rate5m{{{_CIRCUIT}}}[1m]))",
        "tenant",
        "ratio",
        "Loss",
        "Share of the pings of the last 5 minutes that were lost.",
    ),
    Query(
        "circuit-plan",
        f"max by (direction) (circuit:committed_bits_per_second:max{{{_CIRCUIT}}})",
        "tenant",
        "bps",
        "Plan, {{direction}}",
        "What was bought, at that time.",
    ),
    Query(
        "circuit-promised-ping",
        f"max(circuit:sla_latency_seconds:max{{{_CIRCUIT}}})",
        "tenant",
        "seconds",
        "Promised",
        "The latency that was promised. Absent where none was.",
    ),
    Query(
        "circuit-promised-loss",
        f"max(circuit:sla_loss_ratio:max{{{_CIRCUIT}}})",
        "tenant",
        "ratio",
        "Promised",
        "The loss that was promised. Absent where none was.",
    ),
    Query(
        "tenant-plan",
        f"sum by (direction) (circuit:committed_bits_per_second:max{{{_OWN}}})",
        "tenant",
        "bps",
        "Plan, {{direction}}",
        "What was bought by all circuits of the tenant, at that time.",
    ),
    Query(
        "own-states-now",
        f'count_values("state", last_over_time(circuit:state:code{{{_OWN}}}[1m]))',
        "tenant",
        "count",
        "{{state}}",
        "How many of a tenant's circuits are in each state, by its code.",
    ),
    Query(
        "own-state-now",
        f"max by (circuit) (last_over_time(circuit:state:code{{{_OWN}}}[1m]))",
        "tenant",
        "state",
        "{{circuit}}",
        "The state of each of a tenant's circuits.",
    ),
    Query(
        "own-download-now",
        f"max by (circuit) (last_over_time(circuit:download_bits_per_second:rate5m{{{_OWN}}}[1m]))",
        "tenant",
        "bps",
        "{{circuit}}",
        "What each of a tenant's circuits carries to it now.",
    ),
    Query(
        "own-upload-now",
        f"max by (circuit) (last_over_time(circuit:upload_bits_per_second:rate5m{{{_OWN}}}[1m]))",
        "tenant",
        "bps",
        "{{circuit}}",
        "What each of a tenant's circuits carries from it now.",
    ),
    Query(
        "own-use-now",
        f"max by (circuit) (last_over_time(circuit:utilization:ratio_rate5m{{{_OWN}}}[1m]))",
        "tenant",
        "ratio",
        "{{circuit}}",
        "How much of what was bought each of a tenant's circuits uses now.",
    ),
    Query(
        "own-ping-now",
        f"max by (circuit) (last_over_time(circuit:ping_rtt_seconds:mean5m{{{_OWN}}}[1m]))",
        "tenant",
        "seconds",
        "{{circuit}}",
        "Round trip of each of a tenant's circuits.",
    ),
    Query(
        "own-loss-now",
        f"max by (circuit) (last_over_time(circuit:ping_loss:ratio_rate5m{{{_OWN}}}[1m]))",
        "tenant",
        "ratio",
        "{{circuit}}",
        "Lost pings of each of a tenant's circuits.",
    ),
)

DRAWN: tuple[Query, ...] = (
    *(
        Query(
            f"own-{way}-busiest",
            busiest(f"circuit:{way}_bits_per_second:rate5m{{{_OWN}}}", "circuit"),
            "tenant",
            "bps",
            "{{circuit}}",
            f"The {way} of the tenant's 12 circuits that carry most.",
        )
        for way in ("download", "upload")
    ),
)
