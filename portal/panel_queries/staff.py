"""What the staff's dashboards draw beyond the entries of their pages, and a tenant's; each binds the isp."""

from __future__ import annotations

from portal.binding import Query
from portal.panel_queries.busiest import busiest

PANELS: tuple[Query, ...] = (
    *(
        Query(
            f"{things}-count",
            f'max by ({by}) (last_over_time(isp:{things}:count{{isp="$isp"}}[1m]))',
            "staff",
            "count",
            f"{{{{{by}}}}}",
            f"How many {things} are in each {by} now.",
        )
        for things, by in (("circuits", "state"), ("links", "state"), ("devices", "state"), ("resellers", "level"))
    ),
    Query(
        "circuits-not-up",
        'max by (state) (isp:circuits:count{isp="$isp",state=~"down|unknown|maintenance"})',
        "staff",
        "count",
        "{{state}}",
        "How many circuits were down, unknown or in maintenance.",
    ),
    Query(
        "resellers-levels",
        'max by (level) (isp:resellers:count{isp="$isp",level=~"yellow|red|unknown"})',
        "staff",
        "count",
        "{{level}}",
        "How many resellers were yellow, red or unknown.",
    ),
    Query(
        "circuits-down-now",
        'topk(200, max by (circuit) (last_over_time(circuit:state:code{isp="$isp"}[1m])) == 0)',
        "staff",
        "state",
        "{{circuit}}",
        "The circuits that are counted as down; the first 200.",
    ),
    Query(
        "devices-worst",
        'bottomk(100, max by (device) (last_over_time(device:state:code{isp="$isp"}[1m])))',
        "staff",
        "state",
        "{{device}}",
        "The state of 100 devices, those that are down first.",
    ),
    Query(
        "links-share-now",
        'max by (link) (last_over_time(link:bandwidth_bits_per_second:rate5m{isp="$isp"}[1m]))'
        ' / on (link) max by (link) (last_over_time(isp_link_threshold_bits_per_second{isp="$isp"}[1m]))',
        "staff",
        "ratio",
        "{{link}}",
        "What each upstream link carries, of the bandwidth its alert starts from.",
    ),
    Query(
        "link-state-now",
        'max by (link) (last_over_time(link:state:code{isp="$isp",link="$link"}[1m]))',
        "staff",
        "state",
        "State",
        "Whether the link is up: 0 down, 1 up, 2 idle, 3 maintenance, 4 unknown.",
    ),
    Query(
        "link-share-now",
        'max by (link) (last_over_time(link:bandwidth_bits_per_second:rate5m{isp="$isp",link="$link"}[1m]))'
        ' / on (link) max by (link) (last_over_time(isp_link_threshold_bits_per_second{isp="$isp",link="$link"}[1m]))',
        "staff",
        "ratio",
        "Of the threshold",
        "What the link carries, of the bandwidth its alert starts from.",
    ),
    Query(
        "link-vlans-read",
        'max(last_over_time(link:vlans_reporting:count{isp="$isp",link="$link"}[1m]))',
        "staff",
        "count",
        "Read",
        "How many of the link's VLANs the last reading had.",
    ),
    Query(
        "link-vlans-listed",
        'max(last_over_time(isp_link_vlans{isp="$isp",link="$link"}[1m]))',
        "staff",
        "count",
        "Listed",
        "How many VLANs belong to the link.",
    ),
    *(
        Query(
            f"link-vlans-{way}-share",
            f'max by (vlan) (last_over_time(vlan:{way}_bits_per_second:rate5m{{isp="$isp",link="$link"}}[1m]))'
            " / on (vlan) max by (vlan)"
            ' (last_over_time(isp_vlan_capacity_bits_per_second{isp="$isp",link="$link"}[1m]))',
            "staff",
            "ratio",
            f"VLAN {{{{vlan}}}}, {word}",
            f"What each VLAN {word}, of its capacity.",
        )
        for way, word in (("receive", "receives"), ("transmit", "transmits"))
    ),
    Query(
        "resellers-fullest",
        'topk(100, max by (tenant) (last_over_time(reseller:utilization:ratio_rate5m{isp="$isp"}[1m])))',
        "staff",
        "ratio",
        "{{tenant}}",
        "The 100 resellers that use most of what they bought.",
    ),
    *(
        Query(
            f"resellers-fullest-{way}",
            "max by (tenant) (last_over_time(reseller:bandwidth_bits_per_second:rate5m"
            f'{{isp="$isp",direction="{way}"}}[1m]))'
            ' and on (tenant) topk(100, last_over_time(reseller:utilization:ratio_rate5m{isp="$isp"}[1m]))',
            "staff",
            "bps",
            "{{tenant}}",
            f"The {way} of the 100 resellers that use most of what they bought.",
        )
        for way in ("download", "upload")
    ),
    *(
        Query(
            f"circuit-{what}",
            f'sum by (direction) (rate(isp_circuit_{what}_total{{isp="$isp",circuit="$circuit"}}[5m]))',
            "staff",
            "per second",
            f"{what.capitalize()}, {{{{direction}}}}",
            f"Packets with {what} a second. Absent where the device does not count them."
            if what == "errors"
            else "Dropped packets a second. Absent where the device does not count them.",
        )
        for what in ("errors", "drops")
    ),
    Query(
        "device-state-now",
        'max by (device) (last_over_time(device:state:code{isp="$isp",device="$device"}[1m]))',
        "staff",
        "state",
        "State",
        "Whether the device answers: 0 down, 1 up, 4 unknown.",
    ),
    Query(
        "device-started",
        '1000 * max(last_over_time(isp_device_boot_time_seconds{isp="$isp",device="$device"}[1m]))',
        "staff",
        "unix milliseconds",
        "Started",
        "When the device was started.",
    ),
    Query(
        "device-read-age",
        'time() - max(device:read:timestamp{isp="$isp",device="$device"})',
        "staff",
        "seconds",
        "Last read",
        "How long ago the device was last read with success.",
    ),
    Query(
        "device-logins",
        'sum(increase(isp_device_logins_total{isp="$isp",device="$device"}[1h]))',
        "staff",
        "count",
        "Logins",
        "How often the device was logged in to, in the hour before; none while a session lives.",
    ),
)

DRAWN: tuple[Query, ...] = (
    Query(
        "circuit-limit",
        'max by (direction) (<isp_circuit_limit_bits_per_second{isp="$isp",circuit="$circuit"}>)',
        "staff",
        "bps",
        "Router's limit, {{direction}}",
        "What the router enforces.",
    ),
    Query(
        "link-threshold",
        'max(<isp_link_threshold_bits_per_second{isp="$isp",link="$link"}>)',
        "staff",
        "bps",
        "Alert from",
        "The bandwidth the link's alert starts from.",
    ),
    Query(
        "link-vlans-up",
        'max by (vlan) (<isp_vlan_up{isp="$isp",link="$link"}>)',
        "staff",
        "state",
        "VLAN {{vlan}}",
        "Whether each VLAN of the link was up on its router.",
    ),
    Query(
        "resellers-download-busiest",
        busiest('reseller:bandwidth_bits_per_second:rate5m{isp="$isp",direction="download"}', "tenant"),
        "staff",
        "bps",
        "{{tenant}}",
        "The download of the 12 resellers that carry most.",
    ),
    Query(
        "resellers-use-busiest",
        busiest('reseller:utilization:ratio_rate5m{isp="$isp"}', "tenant"),
        "staff",
        "ratio",
        "{{tenant}}",
        "How much of what they bought the 12 fullest resellers used.",
    ),
    Query(
        "device-parts",
        'max by (collector) (<isp_device_collector_success{isp="$isp",device="$device"}>)',
        "staff",
        "state",
        "{{collector}}",
        "Whether each part of the device was read whole.",
    ),
    Query(
        "device-reading",
        'max by (collector) (<isp_device_collector_duration_seconds{isp="$isp",device="$device"}>)',
        "staff",
        "seconds",
        "{{collector}}",
        "How long each part of a reading took.",
    ),
)
