"""How things are now: the states of circuits, links, VLANs and devices; one query a page.

Nothing is guessed: what was not measured within the last minute is unknown, and a figure that is not there is None.
While Prometheus is away everything is unknown and `away` of the answer says so; no page fails for it.
`prometheus/rules/portal.yml` counts by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from portal.figures import Figures, Now, page
from portal.prometheus import Prometheus, PrometheusAway
from portal.queries import CATALOGUE, bind

Level = Literal["green", "yellow", "red", "unknown"]

# Up with less than this each way is idle: our own ping of every second is 0.7 kbps.
IDLE_BPS = 10_000.0
YELLOW_RATIO, RED_RATIO = 0.80, 0.995  # where ResellerUsageYellow and ResellerUsageRed start


class State(StrEnum):
    """What a badge shows."""

    UP = "up"
    DOWN = "down"
    IDLE = "idle"  # up without traffic
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class CircuitNow:
    """One circuit. Bits per second, round trip and loss are those of the last 5 minutes; ratios are 0 to 1.

    `utilization` is of the plan, the fuller direction. What the router enforces (`limit_...`) is for staff alone.
    """

    state: State = State.UNKNOWN
    download_bps: float | None = None
    upload_bps: float | None = None
    utilization: float | None = None
    rtt_seconds: float | None = None
    loss_ratio: float | None = None
    limit_download_bps: float | None = None
    limit_upload_bps: float | None = None


@dataclass(frozen=True, slots=True)
class VlanNow:
    """One member of a link: bits per second as its router sees it."""

    state: State = State.UNKNOWN
    receive_bps: float | None = None
    transmit_bps: float | None = None


@dataclass(frozen=True, slots=True)
class LinkNow:
    """An upstream link. `utilization` is of its threshold; unless `complete`, bandwidth and it are "at least"."""

    state: State = State.UNKNOWN
    bandwidth_bps: float | None = None
    threshold_bps: float | None = None
    utilization: float | None = None
    complete: bool = False
    vlans_reporting: int | None = None
    vlans: Mapping[tuple[str, int], VlanNow] = field(default_factory=dict)  # by device and VLAN number

    def vlan(self, device: str, number: int) -> VlanNow:
        """That member; unknown where nothing was read."""
        return self.vlans.get((device, number), VlanNow())


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """One router or switch, by what it says of itself. Times are Unix seconds, `cpu_ratio` 0 to 1.

    `read_at` is when it was last read with success, within an hour; `failing` names what it did not give whole.
    """

    state: State = State.UNKNOWN
    read_at: float | None = None
    boot_at: float | None = None
    cpu_ratio: float | None = None
    memory_used_bytes: float | None = None
    memory_total_bytes: float | None = None
    temperature_celsius: float | None = None
    vendor: str = ""
    model: str = ""
    version: str = ""
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """How many there are in each state, as text ("up"); empty while nothing is known of a kind."""

    circuits: Mapping[str, int] = field(default_factory=dict)
    resellers: Mapping[str, int] = field(default_factory=dict)  # by level
    links: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, int] = field(default_factory=dict)
    away: str | None = None


def circuits_now(prometheus: Prometheus, isp: str, ids: Collection[str], tenant: str | None = None) -> Now[CircuitNow]:
    """The circuits of a page. With `tenant` it is a tenant's own view: recorded series, and his alone."""
    if tenant is None:
        return page(prometheus, "circuits-now", "circuit", ids, _circuit, isp=isp, circuits=ids)
    return page(prometheus, "own-circuits-now", "circuit", ids, _circuit, isp=isp, tenant=tenant, circuits=ids)


def circuits_down(prometheus: Prometheus, isp: str) -> Now[float]:
    """The ids of the isp's circuits that are down now, outside of maintenance: the first 200."""
    return _ranked(prometheus, "circuits-down", "circuit", isp)


def links_now(prometheus: Prometheus, isp: str, ids: Collection[str]) -> Now[LinkNow]:
    """The links of a page, each with its VLANs."""
    return page(prometheus, "links-now", "link", ids, _link, isp=isp, links=ids)


def devices_now(prometheus: Prometheus, isp: str, ids: Collection[str]) -> Now[DeviceNow]:
    """The devices of a page."""
    return page(prometheus, "devices-now", "device", ids, _device, isp=isp, devices=ids)


def limits_seen(prometheus: Prometheus, isp: str, device: str, ids: Collection[str]) -> Now[Mapping[str, float]]:
    """What `device` enforces on the circuits `ids`: bits per second by direction, infinity for none."""
    return page(prometheus, "device-limits", "circuit", ids, _limits, isp=isp, device=device)


def resellers_busiest(prometheus: Prometheus, isp: str) -> Now[float]:
    """The 20 resellers that use most of what they bought: utilization by id, the fullest first."""
    return _ranked(prometheus, "resellers-busiest", "tenant", isp)


def overview_counts(prometheus: Prometheus, isp: str) -> Overview:
    """How many of the isp's circuits, resellers, links and devices are in each state: one query, recorded series."""
    try:
        samples = prometheus.instant(bind(CATALOGUE["counts-now"], isp=isp))
    except PrometheusAway as away:
        return Overview(away=str(away))
    counts: dict[str, dict[str, int]] = {"circuits": {}, "resellers": {}, "links": {}, "devices": {}}
    for sample in samples:
        kind = sample.labels["__name__"].split(":")[1]
        if sample.value is not None:
            counts[kind][sample.labels.get("state") or sample.labels["level"]] = round(sample.value)
    return Overview(counts["circuits"], counts["resellers"], counts["links"], counts["devices"])


def level_of(utilization: float | None, *, complete: bool = True) -> Level:
    """The colour of a badge, at the bounds where the alerts start.

    Unless `complete` it is "at least" that: "at least 30 %" may be anything, "at least 85 %" is not green.
    """
    if utilization is None or (utilization < YELLOW_RATIO and not complete):
        return "unknown"
    return "red" if utilization >= RED_RATIO else "yellow" if utilization >= YELLOW_RATIO else "green"


def _ranked(prometheus: Prometheus, name: str, label: str, isp: str) -> Now[float]:
    try:
        samples = prometheus.instant(bind(CATALOGUE[name], isp=isp))
    except PrometheusAway as away:
        return Now({}, str(away))
    found = [(sample.value, sample.labels[label]) for sample in samples if sample.value is not None]
    return Now({one: value for value, one in sorted(found, key=lambda pair: (-pair[0], pair[1]))})


def _circuit(figures: Figures) -> CircuitNow:
    download = figures.value("circuit:download_bits_per_second:rate5m")
    upload = figures.value("circuit:upload_bits_per_second:rate5m")
    up = figures.first("isp_circuit_up", "circuit:up:counted", "isp_circuit_oper_up")
    limits = _limits(figures)
    return CircuitNow(
        state=_state(up, figures.first("isp_circuit_maintenance", "circuit:maintenance:bool"), download, upload),
        download_bps=download,
        upload_bps=upload,
        utilization=figures.value("circuit:utilization:ratio_rate5m"),
        # A circuit that is new has no whole 5 minutes: staff see the last ping meanwhile.
        rtt_seconds=figures.first("circuit:ping_rtt_seconds:mean5m", "isp_circuit_ping_last_rtt_seconds"),
        loss_ratio=figures.first("circuit:ping_loss:ratio_rate5m", "isp_circuit_ping_loss_ratio"),
        limit_download_bps=limits.get("download"),
        limit_upload_bps=limits.get("upload"),
    )


def _limits(figures: Figures) -> Mapping[str, float]:
    """By direction. One that is there without a figure is +Inf: the queue limits nothing."""
    samples = figures.all("isp_circuit_limit_bits_per_second")
    return {one.labels["direction"]: math.inf if one.value is None else one.value for one in samples}


def _link(figures: Figures) -> LinkNow:
    maintenance = figures.value("isp_link_maintenance")
    vlans = {
        (device, int(number)): _vlan(ours, maintenance)
        for device, theirs in figures.by("device").items()
        for number, ours in theirs.by("vlan").items()
    }
    bandwidth = figures.value("link:bandwidth_bits_per_second:rate5m")
    threshold = figures.value("isp_link_threshold_bits_per_second")
    measured, wanted = figures.count("link:vlans_measured:count"), figures.count("isp_link_vlans")
    reporting = figures.count("link:vlans_reporting:count")
    whole = bandwidth if _at_least(reporting, wanted) else None  # "at least nothing" is not idle
    return LinkNow(
        state=_state(_link_up(figures, wanted), maintenance, bandwidth, whole),
        bandwidth_bps=bandwidth,
        threshold_bps=threshold,
        utilization=bandwidth / threshold if bandwidth is not None and threshold else None,
        complete=_at_least(measured, wanted),
        vlans_reporting=reporting,
        vlans=vlans,
    )


def _vlan(figures: Figures, maintenance: float | None) -> VlanNow:
    receive = figures.value("vlan:receive_bits_per_second:rate5m")
    transmit = figures.value("vlan:transmit_bits_per_second:rate5m")
    return VlanNow(_state(figures.value("isp_vlan_up"), maintenance, receive, transmit), receive, transmit)


def _link_up(figures: Figures, wanted: int | None) -> float | None:
    """A link is up with one VLAN up, and down only when all of them are known to be."""
    known = [sample.value for sample in figures.all("isp_vlan_up") if sample.value is not None]
    if any(known):
        return 1.0
    return 0.0 if known and _at_least(len(known), wanted) else None


def _at_least(found: int | None, wanted: int | None) -> bool:
    return found is not None and wanted is not None and found >= wanted


def _device(figures: Figures) -> DeviceNow:
    # `up` is among the figures only when the exporter is there and the device's last two scrapes failed.
    up = 0.0 if figures.all("up") else figures.value("isp_device_up")
    info = next((sample.labels for sample in figures.all("isp_device_info")), {})
    warm = [sample.value for sample in figures.all("isp_device_temperature_celsius") if sample.value is not None]
    collectors = figures.all("isp_device_collector_success")
    return DeviceNow(
        state=State.UNKNOWN if up is None else State.UP if up else State.DOWN,
        read_at=figures.value("device:read:timestamp"),
        boot_at=figures.value("isp_device_boot_time_seconds"),
        cpu_ratio=figures.value("isp_device_cpu_ratio"),
        memory_used_bytes=figures.value("isp_device_memory_used_bytes"),
        memory_total_bytes=figures.value("isp_device_memory_total_bytes"),
        temperature_celsius=max(warm, default=None),
        vendor=info.get("vendor", ""),
        model=info.get("model", ""),
        version=info.get("version", ""),
        failing=tuple(sorted({sample.labels["collector"] for sample in collectors if sample.value == 0})),
    )


def _state(up: float | None, maintenance: float | None, one_way: float | None, other_way: float | None) -> State:
    """The state of what carries traffic. Traffic shows that it is up where nothing else says so; none shows nothing."""
    if maintenance:
        return State.MAINTENANCE
    busy = any(way is not None and way >= IDLE_BPS for way in (one_way, other_way))
    if up is None:
        return State.UP if busy else State.UNKNOWN
    if not up:
        return State.DOWN
    idle = one_way is not None and other_way is not None and not busy
    return State.IDLE if idle else State.UP
