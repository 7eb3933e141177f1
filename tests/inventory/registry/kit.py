"""Inventories of made-up isps for the tests of the registry."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from inventory.loader import load_inventory
from inventory.models import Inventory
from inventory.registry.audit import CLI
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.transfer import import_inventory
from inventory.vault import Vault

VAULT = Vault([b"k" * 32])
ENVIRON = {"SECRET": "zq-variable-secret"}


def body(isp: str, tenants: int = 2) -> dict[str, Any]:
    """An isp with two devices, a link, and for each tenant one circuit, whose ids begin with the isp's."""
    return {
        "isp": {
            "id": isp,
            "name": f"{isp.title()} Ltd",
            "timezone": "Asia/Dhaka",
            "currency": "BDT",
            "contacts": [{"name": "NOC", "whatsapp": "+8801700000000", "email": f"noc@{isp}.example"}],
        },
        "devices": [
            {
                "id": f"{isp}-core",
                "driver": "routeros",
                "host": "192.0.2.1",
                "username": "monitor",
                "password": "${SECRET}",
                "tls": {"verify": False},
                "place": "Dhaka, rack 3",
            },
            {
                "id": f"{isp}-edge",
                "driver": "snmp",
                "host": "192.0.2.2",
                "snmp": {"version": "2c", "community": "zq-literal-secret"},
            },
        ],
        "links": [
            {
                "id": f"{isp}-up",
                "name": "NTTN",
                "threshold_mbps": 950,
                "vlans": [
                    {"vlan": 10, "device": f"{isp}-core", "interface": "vlan10", "capacity_mbps": 200},
                    {"vlan": 20, "device": f"{isp}-edge", "interface": "vlan20", "capacity_mbps": 200.5},
                ],
            }
        ],
        "tenants": [
            {
                "id": f"{isp}-t{number}",
                "kind": "reseller" if number % 2 else "client",
                "name": f"Tenant {number} of {isp}",
                "contacts": [{"name": "Desk", "email": f"t{number}@{isp}.example", "language": "bn"}],
                "circuits": [
                    {
                        "id": f"{isp}-c{number}",
                        "name": f"Circuit {number}",
                        "device": f"{isp}-core",
                        "attach": {"queue": f"q{number}"},
                        "committed_mbps": 100,
                        "ping": "192.0.2.9",
                        "sla": {"uptime_percent": 99.5, "latency_ms": 50},
                    }
                ],
            }
            for number in range(1, tenants + 1)
        ],
        "maintenance": [
            {
                "id": f"{isp}-m1",
                "circuits": [f"{isp}-c1"],
                "links": [f"{isp}-up"],
                "starts": "2026-11-20T01:00+06:00",
                "ends": "2026-11-20T03:00+06:00",
                "approved_at": "2026-11-10T10:00+06:00",
                "approved_by": "noc",
                "reason": "fibre\nsplice",
            }
        ],
    }


class _Dumper(yaml.SafeDumper):
    """Writes decimals as people do: the file takes no exponents."""


_Dumper.add_representer(
    Decimal, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", format(value, "f"))
)


def written(path: Path, content: dict[str, Any]) -> Inventory:
    """The inventory of this content, by way of a file."""
    path.write_text(yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_inventory(path, ENVIRON)


def filled(registry: Registry, folder: Path, *isps: str, tenants: int = 2) -> list[Inventory]:
    """Import an inventory for each of these isps."""
    made = [written(folder / f"{isp}.yml", body(isp, tenants)) for isp in isps]
    with registry.write(SERVICE) as tx:
        for inventory in made:
            import_inventory(tx, inventory, VAULT, CLI)
    return made
