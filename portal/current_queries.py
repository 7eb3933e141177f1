"""Entries of the catalogue that say what is now; `portal/queries.py` takes them in."""

from __future__ import annotations

from portal.binding import Query

# What is older than a minute is not "now": `last_over_time(...[1m])` leaves it out, where a plain selector would go on
# for five minutes. It keeps the names of the series, so one query answers for a whole page.
CURRENT: tuple[Query, ...] = (
    Query(
        "circuits-now",
        'last_over_time({__name__=~"isp_circuit_(up|oper_up|maintenance|ping_last_rtt_seconds|ping_loss_ratio'
        "|committed_bits_per_second|limit_bits_per_second)|circuit:(download|upload)_bits_per_second:rate5m"
        '|circuit:utilization:ratio_rate5m|circuit:ping_rtt_seconds:mean5m|circuit:ping_loss:ratio_rate5m",'
        'isp="$isp",circuit=~"$circuits"}[1m])',
        "staff",
        "mixed",
        "{{circuit}}",
        "State, traffic, ping and limits of the circuits of a page, at most a minute old.",
    ),
    Query(
        "own-circuits-now",
        'last_over_time({__name__=~"circuit:up:counted|circuit:maintenance:bool'
        "|circuit:(download|upload)_bits_per_second:rate5m|circuit:utilization:ratio_rate5m"
        '|circuit:ping_rtt_seconds:mean5m|circuit:ping_loss:ratio_rate5m",'
        'isp="$isp",tenant="$tenant",circuit=~"$circuits"}[1m])',
        "tenant",
        "mixed",
        "{{circuit}}",
        "State, traffic and ping of a tenant's own circuits, at most a minute old.",
    ),
    Query(
        "circuits-down",
        'circuit:down:bool{isp="$isp"} and time() - timestamp(circuit:down:bool{isp="$isp"}) < 60',
        "staff",
        "count",
        "{{circuit}}",
        "The circuits that are counted as down; the first 200.",
    ),
    Query(
        "links-now",
        'last_over_time({__name__=~"isp_link_(maintenance|vlans|threshold_bits_per_second)|isp_vlan_up'
        "|link:bandwidth_bits_per_second:rate5m|link:vlans_(reporting|measured):count"
        '|vlan:(receive|transmit)_bits_per_second:rate5m",'
        'isp="$isp",link=~"$links"}[1m])',
        "staff",
        "mixed",
        "{{link}}",
        "State and bandwidth of upstream links and of their VLANs, at most a minute old.",
    ),
    Query(
        "devices-now",
        'last_over_time({__name__=~"isp_device_(up|info|cpu_ratio|memory_used_bytes|memory_total_bytes'
        '|temperature_celsius|boot_time_seconds|collector_success)|device:read:timestamp",'
        'isp="$isp",device=~"$devices"}[1m])'
        # What hangs until its scrape is given up says nothing of itself, as in the alert DeviceDown.
        ' or label_replace(last_over_time(up{job="backhaul-devices",target_isp="$isp",instance=~"$devices"}[1m])'
        ' and max_over_time(up{job="backhaul-devices",target_isp="$isp",instance=~"$devices"}[29s]) == 0'
        ' and on () (min(min_over_time(up{job="backhaul-exporter"}[29s])) == 1),'
        ' "device", "$1", "instance", "(.+)")',
        "staff",
        "mixed",
        "{{device}}",
        "Whether devices answer, when they were last read, and what they say of themselves.",
    ),
    Query(
        "device-limits",
        'last_over_time({__name__=~"isp_circuit_limit_bits_per_second",isp="$isp",device="$device"}[1m])',
        "staff",
        "bps",
        "{{circuit}} {{direction}}",
        "The limits a router enforces on the circuits it carries.",
    ),
    Query(
        "links-states",
        'last_over_time({__name__=~"link:state:code|link:bandwidth_bits_per_second:rate5m'
        '|isp_link_threshold_bits_per_second",isp="$isp"}[1m])',
        "staff",
        "mixed",
        "{{link}}",
        "The state of every link and how full it is: for lists in that order.",
    ),
    Query(
        "devices-states",
        'last_over_time(device:state:code{isp="$isp"}[1m])',
        "staff",
        "state",
        "{{device}}",
        "The state of every device: for lists in that order.",
    ),
    Query(
        "tenant-now",
        'last_over_time({__name__=~"(reseller|client):(utilization:ratio_rate5m|measured:bool'
        '|bandwidth_bits_per_second:rate5m)",isp="$isp",tenant="$tenant"}[1m])',
        "tenant",
        "mixed",
        "{{tenant}}",
        "How much of what it bought a tenant uses, over all its circuits.",
    ),
    Query(
        "tenants-now",
        'last_over_time({__name__=~"(reseller|client):(utilization:ratio_rate5m|measured:bool'
        '|bandwidth_bits_per_second:rate5m)",isp="$isp",tenant=~"$tenants"}[1m])',
        "staff",
        "mixed",
        "{{tenant}}",
        "How much of what they bought the tenants of a page use.",
    ),
    Query(
        "resellers-busiest",
        'reseller:busiest:ratio{isp="$isp"} and time() - timestamp(reseller:busiest:ratio{isp="$isp"}) < 60',
        "staff",
        "ratio",
        "{{tenant}}",
        "The 20 resellers that use most of what they bought.",
    ),
    Query(
        "resellers-use",
        'last_over_time(reseller:utilization:ratio_rate5m{isp="$isp"}[1m])'
        ' and on (isp, tenant) (last_over_time(reseller:level:code{isp="$isp"}[1m]) < 3)',
        "staff",
        "ratio",
        "{{tenant}}",
        "How much of what it bought every reseller uses whose level is known: for a list in that order.",
    ),
    Query(
        "clients-use",
        'last_over_time(client:utilization:ratio_rate5m{isp="$isp"}[1m])'
        ' and on (isp, tenant) (last_over_time(client:level:code{isp="$isp"}[1m]) < 3)',
        "staff",
        "ratio",
        "{{tenant}}",
        "How much of what it bought every client uses whose level is known: for a list in that order.",
    ),
    Query(
        "counts-now",
        'last_over_time({__name__=~"isp:(circuits|resellers|links|devices):count",isp="$isp"}[1m])',
        "staff",
        "count",
        "{{state}}{{level}}",
        "How many circuits, links, devices and resellers are in each state.",
    ),
    Query(
        "platform-counts-now",
        'last_over_time({__name__=~"isp:(circuits|resellers|links|devices):count"}[1m])',
        "platform",
        "count",
        "{{isp}} {{state}}{{level}}",
        "How many of each there are in each state, for every isp.",
    ),
)
