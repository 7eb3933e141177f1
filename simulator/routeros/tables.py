"""What each directory of a simulated router prints: one function per directory, listed in TABLES."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.device import SimulatedDevice
from simulator.routeros.rows import Row
from simulator.routeros.system_tables import health, identity, packages, resource, routerboard
from simulator.routeros.traffic_tables import interfaces, interfaces_of, ppp_active, simple_queues

TABLES: dict[str, Callable[[SimulatedDevice], list[Row]]] = {
    "/interface": interfaces,
    "/interface/ethernet": interfaces_of("ether"),
    "/interface/vlan": interfaces_of("vlan"),
    "/ppp/active": ppp_active,
    "/queue/simple": simple_queues,
    "/system/health": health,
    "/system/identity": identity,
    "/system/package": packages,
    "/system/resource": resource,
    "/system/routerboard": routerboard,
}

# Directories every router has and ours keeps empty, so that a client that looks further meets no error.
EMPTY: frozenset[str] = frozenset(
    {
        "/caps-man/registration-table",
        "/caps-man/remote-cap",
        "/interface/bridge",
        "/interface/ethernet/poe",
        "/interface/pppoe-server",
        "/interface/wifi",
        "/interface/wifi/capsman/remote-cap",
        "/interface/wifi/registration-table",
        "/interface/wireless",
        "/interface/wireless/registration-table",
        "/ip/address",
        "/ip/cloud",
        "/ip/dhcp-server/lease",
        "/ip/firewall/connection",
        "/ip/firewall/filter",
        "/ip/firewall/mangle",
        "/ip/firewall/nat",
        "/ip/firewall/raw",
        "/ip/neighbor",
        "/ip/pool",
        "/ip/route",
        "/ipv6/firewall/connection",
        "/ipv6/neighbor",
        "/ipv6/route",
        "/queue/tree",
        "/tool/netwatch",
        "/user/active",
    }
)


def rows_of(device: SimulatedDevice, directory: str) -> Sequence[Row] | None:
    """The rows a directory prints, recorded ones before simulated ones; None where there is no such directory."""
    if directory in device.spec.recording:
        return device.spec.recording[directory]
    if directory in TABLES:
        return TABLES[directory](device)
    return () if directory in EMPTY else None
