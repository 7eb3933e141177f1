"""Writes the demo's inventory file: what a provider would write by hand for this network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from backhaul.demo.ports import LOOPBACK, Ports
from backhaul.demo.world import AGG, CIRCUITS, CORE, EDGE, ISP_ID, LINK_ID, VLANS, DemoCircuit

MONITOR, PASSWORD, COMMUNITY = "monitor", "monitor-demo", "backhaul-demo"
NOC = {"name": "NOC", "whatsapp": "+8801700000000", "email": "noc@skylink.example.net", "language": "en"}


def write(path: Path, ports: Ports, ca_file: Path) -> None:
    """Write the inventory to `path`; `ca_file` signed the simulated routers' certificates."""
    document = {
        "isp": {
            "id": ISP_ID,
            "name": "SkyLink Ltd",
            "timezone": "Asia/Dhaka",
            "currency": "BDT",
            "contacts": [NOC],
        },
        "devices": [
            _routeros(CORE, ports.core_1, ca_file),
            _routeros(EDGE, ports.edge_1, ca_file),
            {
                "id": AGG,
                "driver": "snmp",
                "host": LOOPBACK,
                "port": ports.agg_1,
                "snmp": {"version": "2c", "community": COMMUNITY},
            },
        ],
        "links": [
            {
                "id": LINK_ID,
                "name": "NTTN Dhaka",
                "threshold_mbps": 950,
                "vlans": [
                    {"vlan": vlan.vlan, "device": CORE, "interface": vlan.interface, "capacity_mbps": 200}
                    for vlan in VLANS
                ],
            }
        ],
        "tenants": [_tenant(circuit) for circuit in CIRCUITS],
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(f"# The demo's network, written anew at each start.\n{text}", encoding="utf-8")


def phones() -> dict[str, str]:
    """Whose phone each WhatsApp number is."""
    return {NOC["whatsapp"]: NOC["name"]} | {circuit.whatsapp: circuit.name for circuit in CIRCUITS}


def _routeros(device: str, port: int, ca_file: Path) -> dict[str, Any]:
    return {
        "id": device,
        "driver": "routeros",
        "host": LOOPBACK,
        "port": port,
        "username": MONITOR,
        "password": PASSWORD,
        "tls": {"enabled": True, "verify": True, "ca_file": str(ca_file.resolve())},
    }


def _tenant(circuit: DemoCircuit) -> dict[str, Any]:
    contact = {
        "name": f"{circuit.name} NOC",
        "whatsapp": circuit.whatsapp,
        "email": f"noc@{circuit.tenant}.example.net",
        "language": circuit.language,
    }
    return {
        "id": circuit.tenant,
        "kind": circuit.kind,
        "name": circuit.name,
        "contacts": [contact],
        "circuits": [
            {
                "id": circuit.circuit,
                "name": f"{circuit.name} uplink",
                "device": circuit.device,
                "attach": {circuit.attach: circuit.attached_to},
                "committed_mbps": circuit.mbps,
                "ping": circuit.ping,
                "ping_from": circuit.ping_from,
                "sla": {
                    "uptime_percent": 99.5 if circuit.kind == "reseller" else 99.9,
                    "latency_ms": 50,
                    "loss_percent": 1.0,
                },
            }
        ],
    }
