"""The inventory of the lab: one SNMP router, its VLANs as links and as circuits."""

from __future__ import annotations

from pathlib import Path

from tests.real.network import COMMUNITY, VLANS, Lab

NOC, TENANT = "+8801700000000", "+8801700000001"
# All five together, and each by itself, so that each can cross a threshold of its own.
LINK, LINK_MBPS, SINGLE_MBPS = "nttn-lab", 40, 8


def single(vlan: int) -> str:
    """The id of the link that holds this VLAN alone."""
    return f"only-{vlan}"


def _member(vlan: int) -> str:
    return f"{{vlan: {vlan}, device: lab-1, interface: vlan{vlan}, capacity_mbps: 20}}"


def _link(name: str, threshold: int, vlans: tuple[int, ...]) -> str:
    members = ", ".join(_member(vlan) for vlan in vlans)
    return f"  - {{id: {name}, name: Link {name}, threshold_mbps: {threshold}, vlans: [{members}]}}\n"


def _circuit(lab: Lab, vlan: int) -> str:
    where = f"device: lab-1, attach: {{interface: vlan{vlan}}}, committed_mbps: 20"
    return f"      - {{id: c{vlan}, name: Circuit {vlan}, {where}, ping: {lab.peer_address(vlan)}}}\n"


def write_inventory(lab: Lab, target: Path) -> Path:
    """Write the file and answer its path."""
    links = _link(LINK, LINK_MBPS, VLANS) + "".join(_link(single(vlan), SINGLE_MBPS, (vlan,)) for vlan in VLANS)
    circuits = "".join(_circuit(lab, vlan) for vlan in VLANS)
    target.write_text(
        f"""isp:
  id: lab
  name: Lab ISP
  timezone: Asia/Dhaka
  currency: BDT
  contacts: [{{name: NOC, whatsapp: "{NOC}", language: en}}]
devices:
  - {{id: lab-1, driver: snmp, host: {lab.agent}, port: 161, snmp: {{version: 2c, community: {COMMUNITY}}}}}
links:
{links}tenants:
  - id: t1
    kind: client
    name: Tenant One
    contacts: [{{name: NOC, whatsapp: "{TENANT}", language: en}}]
    circuits:
{circuits}""",
        encoding="utf-8",
    )
    return target
