"""What can be drawn: one table of charts, each from entries of the catalogue, and the lines across it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from inventory.models import Circuit, Link, Tenant
from portal.states import YELLOW_RATIO

Subject = Literal["circuit", "tenant", "link", "device", "isp"]
Thing = Circuit | Tenant | Link | None  # None: nothing of it is needed but that it is there
Unit = Literal["bps", "ratio", "seconds", "celsius"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A line across the chart, in the chart's unit."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`queries` and `plans` are names of the catalogue; `limits` tells the lines across from what the chart is about.

    `plans` are lines across that have a history: what was bought at that time.
    """

    title: str
    unit: Unit
    subject: Subject
    queries: Callable[[Thing], Sequence[str]]
    limits: Callable[[Thing], Sequence[Limit]]
    plans: Sequence[str] = ()
    stacked: bool = False


def _always(*names: str) -> Callable[[Thing], Sequence[str]]:
    return lambda _: names


def _tenant_traffic(thing: Thing) -> Sequence[str]:
    kind = "reseller" if isinstance(thing, Tenant) and thing.kind == "reseller" else "tenant"
    return (f"{kind}-download", f"{kind}-upload")


def _none(_: Thing) -> Sequence[Limit]:
    return ()


def _latency(thing: Thing) -> Sequence[Limit]:
    return _promised(thing.sla.latency_seconds if isinstance(thing, Circuit) else None)


def _loss(thing: Thing) -> Sequence[Limit]:
    return _promised(thing.sla.loss_ratio if isinstance(thing, Circuit) else None)


def _promised(value: float | None) -> Sequence[Limit]:
    return () if value is None else (Limit("Promised", value),)


def _threshold(thing: Thing) -> Sequence[Limit]:
    return (Limit("Alert from", thing.threshold),) if isinstance(thing, Link) else ()


def _full(_: Thing) -> Sequence[Limit]:
    return (Limit("High from", YELLOW_RATIO), Limit("All of it", 1.0))


CHARTS: Mapping[str, Chart] = {
    "circuit-traffic": Chart(
        "Traffic", "bps", "circuit", _always("circuit-download", "circuit-upload"), _none, plans=("circuit-plan",)
    ),
    "circuit-ping": Chart("Ping", "seconds", "circuit", _always("circuit-ping"), _latency),
    "circuit-loss": Chart("Lost pings", "ratio", "circuit", _always("circuit-loss"), _loss),
    "circuit-up": Chart("Time up", "ratio", "circuit", _always("circuit-up"), _none),
    "tenant-traffic": Chart("Traffic of all circuits", "bps", "tenant", _tenant_traffic, _none, plans=("tenant-plan",)),
    "reseller-utilization": Chart("Use of what was bought", "ratio", "tenant", _always("reseller-utilization"), _full),
    "link-traffic": Chart("Bandwidth", "bps", "link", _always("link-bandwidth"), _threshold),
    "link-receive": Chart("Received, by VLAN", "bps", "link", _always("link-vlans-receive"), _threshold, stacked=True),
    "link-transmit": Chart("Sent, by VLAN", "bps", "link", _always("link-vlans-transmit"), _threshold, stacked=True),
    "links-traffic": Chart("Upstream links", "bps", "isp", _always("links-bandwidth"), _none),
    "device-up": Chart("Answers", "ratio", "device", _always("device-up"), _none),
    "device-cpu": Chart("Processor", "ratio", "device", _always("device-cpu"), _none),
    "device-memory": Chart("Memory", "ratio", "device", _always("device-memory"), _none),
    "device-temperature": Chart("Temperature", "celsius", "device", _always("device-temperature"), _none),
}
