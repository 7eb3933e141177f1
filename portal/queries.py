"""The catalogue: every query the portal sends to Prometheus, by name. PromQL stands nowhere else in the portal.

What is now is written in `portal/current_queries.py`, what dashboards alone draw in `portal/panel_queries/`; both are
part of it.

A tenant's entry draws recorded series and names the isp and the tenant in every selector. Its text is, to the letter,
what a tenant's Grafana panel holds; whoever asks says nothing but its name and which of his own things he means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from portal.binding import Query, bind
from portal.current_queries import CURRENT
from portal.panel_queries import DRAWN_PANELS, PANELS

__all__ = ["CATALOGUE", "WINDOWS", "Query", "Window", "bind", "mean_name"]

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
    yield from (*CURRENT, *PANELS)
    for query in (*_DRAWN, *DRAWN_PANELS):
        yield replace(query, expr=re.sub(r"<(.*?)>", r"\1", query.expr))
        for window in WINDOWS:
            mean = re.sub(r"<(.*?)>", rf"avg_over_time(\1[{window}])", query.expr)
            yield replace(query, name=mean_name(query.name, window), expr=mean, what=f"{query.what} Mean of {window}.")


CATALOGUE: Mapping[str, Query] = {query.name: query for query in _entries()}
