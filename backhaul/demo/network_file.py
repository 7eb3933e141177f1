"""Writes the simulated network of the demo: the routers of the inventory, their traffic, and what befalls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def write(folder: Path, ports: Ports, began: int) -> Mapping[str, Device]:
    """Write network.yml, certificates and ca.pem into `folder`; returns the devices by id as the simulator reads them.

    `began` is when the story starts, Unix seconds.
    """
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
        described.update({"id": device, "listen": at(port), "booted": began - UPTIME}, **_attached(circuits, began))
        if device == CORE:
            described["interfaces"] = [*_upstream(began), *described["interfaces"]]
    network = folder / "network.yml"
    network.write_text(yaml.safe_dump({"devices": devices}, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return {device.id: device for device in load_network(network)}


def _upstream(began: int) -> list[dict[str, Any]]:
    """The VLANs of the link on the trunk to the carrier."""
    high = _events(began, STORY.link_until, STORY.link_high_mbps, STORY.link_quiet_mbps)
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


def _attached(circuits: Sequence[DemoCircuit], began: int) -> dict[str, Any]:
    """The queues, sessions, interfaces and ping targets of the circuits one device carries."""
    found: dict[str, Any] = {"interfaces": [], "queues": [], "ppp": [], "pings": [], "faults": []}
    for index, circuit in enumerate(circuits, start=1):
        traffic = _traffic(circuit.mbps * circuit.busy, _circuit_events(circuit, began))
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
            span = {"at": began + STORY.cut_from, "until": began + STORY.cut_until}
            found["faults"].append({"kind": "cut", "ping": circuit.ping, **span})
    return found


def _traffic(peak_mbps: float, events: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """A week's curve whose busiest hour is `peak_mbps`, in the direction that carries more."""
    mean = peak_mbps * 1e6 / max(week_curve())
    return {"mean": mean, "share": UPLOAD_SHARE, "phase_hours": PHASE_HOURS, "noise": 0.05, "events": [*events]}


def _circuit_events(circuit: DemoCircuit, began: int) -> list[Mapping[str, float]]:
    shares = {STORY.yellow_tenant: STORY.yellow_share, STORY.red_tenant: STORY.red_share}
    if (share := shares.get(circuit.tenant)) is None:
        return []
    return _events(began, STORY.reseller_until, circuit.mbps * share, circuit.mbps * STORY.quiet_share)


def _events(began: int, until: float, high_mbps: float, quiet_mbps: float) -> list[Mapping[str, float]]:
    """High since before the start, then quiet, then the week's own curve again."""
    return [
        {"start": began - HIGH_BEFORE, "end": began + until, "bps": high_mbps * 1e6},
        {"start": began + until, "end": began + STORY.calm_until, "bps": quiet_mbps * 1e6},
    ]
