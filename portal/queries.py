"""The catalogue: every query the portal sends to Prometheus, by name. PromQL stands nowhere else in the portal.

What dashboards alone draw is written in `portal/panel_queries/` and is part of it.

A tenant's entry draws recorded series and names the isp and the tenant in every selector. Its text is, to the letter,
what a tenant's Grafana panel holds; whoever asks says nothing but its name and which of his own things he means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from portal.binding import Query, bind
from portal.panel_queries import DRAWN_PANELS, PANELS

__all__ = ["CATALOGUE", "WINDOWS", "Query", "Window", "bind", "mean_name"]

# What is older than a minute is not "now": `last_over_time(...[1m])` leaves it out, where a plain selector would go on
# for five minutes. It keeps the names of the series, so one query answers for a whole page.
_NOW: tuple[Query, ...] = (
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

# What is drawn over time. `<...>` is what a longer range takes the mean of: an entry's text is without these marks, and
# `mean_name` finds its sisters for 7 days, 30 and a year, where one sample of five minutes in an hour would miss most.
_DRAWN: tuple[Query, ...] = (
    Query(
        "circuit-download",
        '<circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="$circuit"}>',
        "tenant",
        "bps",
        "Download",
        "What the circuit carries to the tenant, mean of 5 minutes.",
    ),
    Query(
        "circuit-upload",
        '<circuit:upload_bits_per_second:rate5m{isp="$isp",tenant="$tenant",circuit="$circuit"}>',
        "tenant",
        "bps",
        "Upload",
        "What the circuit carries from the tenant, mean of 5 minutes.",
    ),
    Query(
        "circuit-ping",
        '<circuit:ping_rtt_seconds:mean5m{isp="$isp",tenant="$tenant",circuit="$circuit"}>',
        "tenant",
        "seconds",
        "Ping",
        "Round trip of the answered pings, mean of 5 minutes.",
    ),
    Query(
        "circuit-loss",
        '<circuit:ping_loss:ratio_rate5m{isp="$isp",tenant="$tenant",circuit="$circuit"}>',
        "tenant",
        "ratio",
        "Loss",
        "Share of the pings of 5 minutes that were lost.",
    ),
    Query(
        "circuit-up",
        '<circuit:up:avg5m{isp="$isp",tenant="$tenant",circuit="$circuit"}>',
        "tenant",
        "ratio",
        "Up",
        "Share of the time the circuit was up; maintenance and what is not known do not count.",
    ),
    Query(
        "tenant-download",
        'sum(<circuit:download_bits_per_second:rate5m{isp="$isp",tenant="$tenant"}>)',
        "tenant",
        "bps",
        "Download",
        "What all circuits of the tenant that are read carry to it, added up.",
    ),
    Query(
        "tenant-upload",
        'sum(<circuit:upload_bits_per_second:rate5m{isp="$isp",tenant="$tenant"}>)',
        "tenant",
        "bps",
        "Upload",
        "What all circuits of the tenant that are read carry from it, added up.",
    ),
    Query(
        "reseller-download",
        '<reseller:bandwidth_bits_per_second:rate5m{isp="$isp",tenant="$tenant",direction="download"}>',
        "tenant",
        "bps",
        "Download",
        "What the circuits of a reseller that are read carry to it, added up.",
    ),
    Query(
        "reseller-upload",
        '<reseller:bandwidth_bits_per_second:rate5m{isp="$isp",tenant="$tenant",direction="upload"}>',
        "tenant",
        "bps",
        "Upload",
        "What the circuits of a reseller that are read carry from it, added up.",
    ),
    Query(
        "reseller-utilization",
        '<reseller:utilization:ratio_rate5m{isp="$isp",tenant="$tenant"}>',
        "tenant",
        "ratio",
        "In use",
        "How much of what it bought the reseller uses, the fuller direction.",
    ),
    Query(
        "link-bandwidth",
        '<link:bandwidth_bits_per_second:rate5m{isp="$isp",link="$link"}>',
        "staff",
        "bps",
        "Link",
        "What the link is measured by: the sum of its VLANs that are read.",
    ),
    Query(
        "link-vlans-receive",
        'sum by (vlan) (<vlan:receive_bits_per_second:rate5m{isp="$isp",link="$link"}>)',
        "staff",
        "bps",
        "VLAN {{vlan}}",
        "What each VLAN of the link receives.",
    ),
    Query(
        "link-vlans-transmit",
        'sum by (vlan) (<vlan:transmit_bits_per_second:rate5m{isp="$isp",link="$link"}>)',
        "staff",
        "bps",
        "VLAN {{vlan}}",
        "What each VLAN of the link transmits.",
    ),
    Query(
        "links-bandwidth",
        '<link:bandwidth_bits_per_second:rate5m{isp="$isp"}>',
        "staff",
        "bps",
        "{{link}}",
        "What each upstream link of the isp is measured by.",
    ),
    Query(
        "device-up",
        'max(<isp_device_up{isp="$isp",device="$device"}>)',
        "staff",
        "ratio",
        "Answers",
        "Whether the device answered when it was read.",
    ),
    Query(
        "device-cpu",
        'max(<isp_device_cpu_ratio{isp="$isp",device="$device"}>)',
        "staff",
        "ratio",
        "Processor",
        "Share of the device's processors in use.",
    ),
    Query(
        "device-memory",
        'max(<isp_device_memory_used_bytes{isp="$isp",device="$device"}>)'
        ' / max(<isp_device_memory_total_bytes{isp="$isp",device="$device"}>)',
        "staff",
        "ratio",
        "Memory",
        "Share of the device's memory in use.",
    ),
    Query(
        "device-temperature",
        'max by (sensor) (<isp_device_temperature_celsius{isp="$isp",device="$device"}>)',
        "staff",
        "celsius",
        "{{sensor}}",
        "What each sensor of the device reads.",
    ),
)

Window = Literal["15m", "1h", "1d"]
WINDOWS: tuple[Window, ...] = ("15m", "1h", "1d")


def mean_name(name: str, window: Window) -> str:
    """The name of the entry that draws the mean of `window` of what `name` draws."""
    return f"{name}-{window}"


def _entries() -> Iterator[Query]:
    """Every entry, its text as it is sent and compared."""
    yield from (*_NOW, *PANELS)
    for query in (*_DRAWN, *DRAWN_PANELS):
        yield replace(query, expr=re.sub(r"<(.*?)>", r"\1", query.expr))
        for window in WINDOWS:
            mean = re.sub(r"<(.*?)>", rf"avg_over_time(\1[{window}])", query.expr)
            yield replace(query, name=mean_name(query.name, window), expr=mean, what=f"{query.what} Mean of {window}.")


CATALOGUE: Mapping[str, Query] = {query.name: query for query in _entries()}
