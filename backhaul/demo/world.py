"""The demo's provider, as one table: who buys what, where it is attached, and how busy it is.

Everything else of the demo (the inventory file, the simulated network, the 30 days of history) is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ISP_ID = "skylink"
LINK_ID = "nttn-dhaka"
CORE, EDGE, AGG = "core-1", "edge-1", "agg-1"

Attached = Literal["queue", "pppoe", "interface"]
Language = Literal["en", "bn"]


@dataclass(frozen=True, slots=True)
class DemoVlan:
    """One VLAN of the NTTN link: 200 Mbps bought; `peak_mbps` is received in the week's busiest hour."""

    vlan: int
    peak_mbps: float

    @property
    def interface(self) -> str:
        """Its name on the core router."""
        return f"vlan{self.vlan}"


@dataclass(frozen=True, slots=True)
class DemoCircuit:
    """One tenant with its one circuit; `busy` is the share of the plan used in the week's busiest hour."""

    tenant: str
    kind: Literal["reseller", "client"]
    name: str
    mbps: int
    device: str
    attach: Attached
    busy: float
    ping: str
    rtt_ms: float
    language: Language

    @property
    def circuit(self) -> str:
        """The circuit's id."""
        return f"{self.tenant}-main"

    @property
    def attached_to(self) -> str:
        """The name of its queue, PPPoE user or interface on the device."""
        return f"ge-0/0/{self.tenant[-1]}" if self.attach == "interface" else self.tenant

    @property
    def ping_from(self) -> Literal["server", "device"]:
        """Who sends its pings: from here only loopback can be reached."""
        return "server" if self.ping.startswith("127.") else "device"

    @property
    def whatsapp(self) -> str:
        """The number of the tenant's own operators, E.164."""
        return f"+88017000{self.tenant[1:].zfill(5)}"


VLANS = tuple(DemoVlan(vlan, peak) for vlan, peak in ((10, 158.0), (20, 151.0), (30, 146.0), (40, 155.0), (50, 140.0)))

_RESELLERS: tuple[tuple[int, str, int, str, Attached, float, Language], ...] = (
    (1001, "Uttara Net", 100, CORE, "queue", 0.66, "en"),
    (1002, "Banani Broadband", 80, CORE, "queue", 0.58, "bn"),
    (1003, "Mirpur Online", 60, CORE, "queue", 0.62, "en"),
    (1004, "Gulshan Fiber", 120, CORE, "queue", 0.70, "en"),
    (1005, "Dhanmondi Link", 70, CORE, "queue", 0.49, "bn"),
    (1006, "Tejgaon Connect", 50, CORE, "queue", 0.64, "en"),
    (1007, "Badda Speed", 40, EDGE, "queue", 0.60, "bn"),
    (1008, "Khilgaon Cable", 60, EDGE, "queue", 0.52, "en"),
    (1009, "Rampura Digital", 50, EDGE, "queue", 0.68, "en"),
    (1010, "Savar WiFi", 45, EDGE, "pppoe", 0.41, "en"),
    (1011, "Gazipur Net", 80, EDGE, "pppoe", 0.57, "bn"),
    (1012, "Narayanganj IT", 65, EDGE, "pppoe", 0.63, "en"),
)
_CLIENTS: tuple[tuple[int, str, int, str, Attached, float, Language], ...] = (
    (2001, "Meghna Bank", 30, CORE, "queue", 6.2, "en"),
    (2002, "Padma Garments", 20, CORE, "queue", 9.8, "bn"),
    (2003, "City Hospital", 25, CORE, "queue", 4.7, "en"),
    (2004, "Jamuna Logistics", 10, AGG, "interface", 0.05, "en"),
    (2005, "Green University", 40, AGG, "interface", 0.05, "en"),
    (2006, "Rupali Studio", 15, AGG, "interface", 0.05, "bn"),
)

CIRCUITS = (
    # Resellers are pinged from here. On one machine that can only be loopback, whose answer is always quick.
    *(
        DemoCircuit(
            f"r{number}", "reseller", name, mbps, device, attach, busy, f"127.1.{number - 1000}.1", 0.05, language
        )
        for number, name, mbps, device, attach, busy, language in _RESELLERS
    ),
    # Clients on a RouterOS device are pinged by it, so that a simulated cut is seen; an SNMP agent cannot ping.
    *(
        DemoCircuit(
            f"c{number}",
            "client",
            name,
            mbps,
            device,
            attach,
            0.55,
            f"127.2.{number - 2000}.1" if device == AGG else f"203.0.113.{number - 2000}",
            rtt_ms,
            language,
        )
        for number, name, mbps, device, attach, rtt_ms, language in _CLIENTS
    ),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What happens after the start, in seconds from it, so that a newcomer sees each alert come and go.

    Windows are five minutes. A rate that is already high at the start fires at the first evaluation; it ends when
    enough of the window is quiet, which is why the quiet level lies far below the threshold.
    """

    link_high_mbps: float = 193.0  # each of five VLANs: 965 together
    link_quiet_mbps: float = 110.0
    link_until: float = 30.0
    yellow_tenant: str = "r1003"
    yellow_share: float = 0.86
    red_tenant: str = "r1007"
    red_share: float = 1.0
    quiet_share: float = 0.2
    reseller_until: float = 40.0
    cut_tenant: str = "c2002"
    cut_from: float = 10.0
    cut_until: float = 60.0
    calm_until: float = 900.0  # then the week's own curve goes on


STORY = Story()
