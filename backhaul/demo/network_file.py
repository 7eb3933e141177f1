"""Writes the simulated network of the demo: the routers of the inventory, their traffic, and what befalls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backhaul.demo.inventory_file import COMMUNITY, MONITOR, PASSWORD
from backhaul.demo.ports import LOOPBACK, Ports, at
from backhaul.demo.world import AGG, CIRCUITS, CORE, EDGE, STORY, VLANS, DemoCircuit
from simulator.certificates import make_certificates
from simulator.network import Device
from simulator.network_file import load_network
from simulator.week_curve import week_curve

UPTIME = 41 * 86_400  # longer than the history, so that its counters have one origin
HIGH_BEFORE = 1_800  # a surge that is to fill a 5-minute window has to begin before it
PHASE_HOURS = -6.0  # the curve is local time, and Asia/Dhaka is six hours east of UTC
UPLOAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Times:
    """When the run began, and when its story does, Unix seconds.

    Before the story everything that is to be told is busy already. How long the history takes to load is not known
    before, so the story's start is set afterwards: up to then both make the same traffic.
    """

    began: int
    story: int


def write(folder: Path, ports: Ports, times: Times) -> Mapping[str, Device]:
    """Write network.yml, certificates and ca.pem into `folder`; returns the devices as the simulator reads them."""
    certificates = make_certificates(folder, [LOOPBACK])
    tls = {"cert": certificates.cert.name, "key": certificates.key.name}
    listens = {CORE: ports.core_1, EDGE: ports.edge_1, AGG: ports.agg_1}
    devices: list[dict[str, Any]] = [
        {"kind": "routeros", "version": "7.16.2", "board": "CCR2116-12G-4S+", "users": {MONITOR: PASSWORD}, "tls": tls},
        {"kind": "routeros", "version": "6.49.17", "board": "CCR1036-8G-2S+", "users": {MONITOR: PASSWORD}, "tls": tls},
        {"kind": "snmp", "version": "15.7", "board": "aggregation switch", "community": COMMUNITY},
    ]
    for (device, port), described in zip(listens.items(), devices, strict=True):
        circuits = [circuit for circuit in CIRCUITS if circuit.device == device]
        described.update(
            {"id": device, "listen": at(port), "booted": times.began - UPTIME}, **_attached(circuits, times)
        )
        if device == CORE:
            described["interfaces"] = [*_upstream(times), *described["interfaces"]]
    network = folder / "network.yml"
    network.write_text(yaml.safe_dump({"devices": devices}, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return {device.id: device for device in load_network(network)}


def _upstream(times: Times) -> list[dict[str, Any]]:
    """The VLANs of the link on the trunk to the carrier."""
    high = _events(times, STORY.link_until, STORY.link_high_mbps, STORY.link_quiet_mbps)
    vlans = [
        {
            "name": vlan.interface,
            "type": "vlan",
            "vlan_id": vlan.vlan,
            "comment": f"NTTN VLAN {vlan.vlan}",
            "traffic": _traffic(vlan.peak_mbps, high),
        }
        for vlan in VLANS
    ]
    return [{"name": "sfp-sfpplus1", "comment": "NTTN", "sum_of": [vlan.interface for vlan in VLANS]}, *vlans]


def _attached(circuits: Sequence[DemoCircuit], times: Times) -> dict[str, Any]:
    """The queues, sessions, interfaces and ping targets of the circuits one device carries."""
    found: dict[str, Any] = {"interfaces": [], "queues": [], "ppp": [], "pings": [], "faults": []}
    for index, circuit in enumerate(circuits, start=1):
        traffic = _traffic(circuit.mbps * circuit.busy, _circuit_events(circuit, times))
        if circuit.attach == "queue":
            limit = {"upload": f"{circuit.mbps}M", "download": f"{circuit.mbps}M"}
            found["queues"].append(
                {"name": circuit.attached_to, "target": f"10.0.{index}.0/24", "max_limit": limit, "traffic": traffic}
            )
        elif circuit.attach == "pppoe":
            session = {
                "name": circuit.attached_to,
                "address": f"10.1.0.{index}",
                "caller_id": f"02:00:00:00:00:{index:02X}",
            }
            found["ppp"].append({**session, "traffic": traffic})
        else:
            # This interface faces the customer: what the router sends is what the customer downloads.
            toward = {"name": circuit.attached_to, "comment": circuit.name}
            found["interfaces"].append({**toward, "traffic": {**traffic, "busier": "transmit"}})
        if circuit.ping_from == "device":
            found["pings"].append({"address": circuit.ping, "rtt_ms": circuit.rtt_ms, "jitter_ms": circuit.rtt_ms / 10})
        if circuit.tenant == STORY.cut_tenant:
            span = {"at": times.story + STORY.cut_from, "until": times.story + STORY.cut_until}
            found["faults"].append({"kind": "cut", "ping": circuit.ping, **span})
    return found


def _traffic(peak_mbps: float, events: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """A week's curve whose busiest hour is `peak_mbps`, in the direction that carries more."""
    mean = peak_mbps * 1e6 / max(week_curve())
    return {"mean": mean, "share": UPLOAD_SHARE, "phase_hours": PHASE_HOURS, "noise": 0.05, "events": [*events]}


def _circuit_events(circuit: DemoCircuit, times: Times) -> list[Mapping[str, float]]:
    shares = {STORY.yellow_tenant: STORY.yellow_share, STORY.red_tenant: STORY.red_share}
    if (share := shares.get(circuit.tenant)) is None:
        return []
    return _events(times, STORY.reseller_until, circuit.mbps * share, circuit.mbps * STORY.quiet_share)


def _events(times: Times, until: float, high_mbps: float, quiet_mbps: float) -> list[Mapping[str, float]]:
    """High since before the start, then quiet, then the week's own curve again."""
    return [
        {"start": times.began - HIGH_BEFORE, "end": times.story + until, "bps": high_mbps * 1e6},
        {"start": times.story + until, "end": times.story + STORY.calm_until, "bps": quiet_mbps * 1e6},
    ]
