"""A router and what is behind it, in network namespaces of our own: VLANs of veth pairs, and net-snmp's snmpd."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.harness import program, service

VLANS = (10, 20, 30, 40, 50)
COMMUNITY = "lab-reads"
_WRITE_COMMUNITY = "lab-writes"
# NET-SNMP-AGENT-MIB nsCacheTimeout of ifTable and ifXTable, which share one cache (snmpd 5.9: 3 s by default).
_INTERFACE_CACHE = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2"


def run(*words: str) -> str:
    """Run a command to its end and answer what it printed; fails with what it said."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr or done.stdout}"
    return done.stdout


class Octets(NamedTuple):
    """An interface's byte counters, as the router sees the ways."""

    receive: int
    transmit: int


@dataclass(frozen=True)
class Lab:
    """Namespaces `router` and `peer`, joined by one veth pair per VLAN, called vlan10 and so on on both sides.

    The tests' own namespace reaches the router over a management veth, and through it the peer's addresses, so
    that the exporter runs where everything else runs. Addresses are of 198.18.0.0/15, set aside for such tests.
    """

    router: str
    peer: str
    uplink: str
    net: int

    @property
    def agent(self) -> str:
        """Where snmpd answers."""
        return f"198.18.{self.net}.2"

    def router_address(self, vlan: int) -> str:
        """The router's address on a VLAN."""
        return f"198.19.{self.net}.{4 * VLANS.index(vlan) + 1}"

    def peer_address(self, vlan: int) -> str:
        """The far side's address on a VLAN: what a circuit pings."""
        return f"198.19.{self.net}.{4 * VLANS.index(vlan) + 2}"

    def inside(self, namespace: str, *words: str) -> list[str]:
        """A command that runs in a namespace."""
        return ["ip", "netns", "exec", namespace, *words]

    def cut(self, vlan: int) -> None:
        """Take the far side's light away: the router's interface loses its carrier, as on a broken fibre."""
        run("ip", "-n", self.peer, "link", "set", f"vlan{vlan}", "down")

    def mend(self, vlan: int) -> None:
        """Undo `cut`."""
        run("ip", "-n", self.peer, "link", "set", f"vlan{vlan}", "up")
        self._answer_where_asked(vlan)

    def counted(self) -> dict[int, Octets]:
        """What the router's kernel has counted on each VLAN, read without snmpd: the truth to compare with."""
        links = json.loads(run("ip", "-n", self.router, "-s", "-j", "link"))
        octets = {link["ifname"]: link["stats64"] for link in links}
        found = {vlan: octets[f"vlan{vlan}"] for vlan in VLANS}
        return {vlan: Octets(each["rx"]["bytes"], each["tx"]["bytes"]) for vlan, each in found.items()}

    def build(self) -> None:
        """Make it all. The two namespaces exist already."""
        run("ip", "link", "add", self.uplink, "type", "veth", "peer", "name", "mgmt", "netns", self.router)
        run("ip", "addr", "add", f"198.18.{self.net}.1/30", "dev", self.uplink)
        run("ip", "link", "set", self.uplink, "up")
        self._up(self.router, "mgmt", f"{self.agent}/30")
        for vlan in VLANS:
            ends = ["type", "veth", "peer", "name", f"vlan{vlan}", "netns", self.peer]
            run("ip", "-n", self.router, "link", "add", f"vlan{vlan}", *ends)
            self._up(self.router, f"vlan{vlan}", f"{self.router_address(vlan)}/30")
            self._up(self.peer, f"vlan{vlan}", f"{self.peer_address(vlan)}/30")
            self._answer_where_asked(vlan)
            run("ip", "-n", self.peer, "rule", "add", "from", self.peer_address(vlan), "table", str(vlan))
        run(*self.inside(self.router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))
        run("ip", "route", "add", f"198.19.{self.net}.0/24", "via", self.agent)

    def _up(self, namespace: str, interface: str, address: str) -> None:
        run("ip", "-n", namespace, "addr", "add", address, "dev", interface)
        run("ip", "-n", namespace, "link", "set", interface, "up")

    def _answer_where_asked(self, vlan: int) -> None:
        """The peer answers over the VLAN it was asked on, so that cutting one leaves the others alone."""
        via = ["via", self.router_address(vlan), "dev", f"vlan{vlan}"]
        run("ip", "-n", self.peer, "route", "replace", "default", *via, "table", str(vlan))


@contextmanager
def lab(directory: Path) -> Iterator[Lab]:
    """A lab with snmpd running in its router; nothing of it is left afterwards."""
    mark = os.getpid()
    made = Lab(router=f"bh-router-{mark}", peer=f"bh-peer-{mark}", uplink=f"bh{mark}", net=_free_net())
    with ExitStack() as stack:
        for namespace in (made.router, made.peer):
            run("ip", "netns", "add", namespace)
            # Its interfaces go with it, and with them the far ends and the routes.
            stack.callback(run, "ip", "netns", "del", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        # Said at once, since a namespace takes its time to go.
        stack.callback(subprocess.run, ["ip", "link", "del", made.uplink], capture_output=True, check=False)
        made.build()
        stack.enter_context(snmpd(made, directory))
        yield made


def _free_net() -> int:
    taken = run("ip", "-4", "addr") + run("ip", "-4", "route")
    return next(net for net in range(os.getpid() % 200, 255) if f"198.18.{net}." not in taken)


@contextmanager
def snmpd(made: Lab, directory: Path) -> Iterator[None]:
    """The real agent, with its interface cache shortened to the 1 s that is its least.

    A router counts as it is asked; snmpd answers what it counted up to 3 s ago, which is 5 % of a minute.
    """
    configuration = directory / "snmpd.conf"
    configuration.write_text(f"rocommunity {COMMUNITY}\nrwcommunity {_WRITE_COMMUNITY}\ninterface_fadeout 0\n")
    command = [program("snmpd"), "-f", "-C", "-c", str(configuration), "-Lo", "-I", "-smux", f"udp:{made.agent}:161"]
    log = directory / "snmpd.log"
    environ = {**os.environ, "SNMP_PERSISTENT_DIR": str(directory), "MIBS": ""}
    with service(made.inside(made.router, *command), log, ready=lambda: _answers(made.agent), env=environ):
        run("snmpset", "-v2c", "-c", _WRITE_COMMUNITY, made.agent, _INTERFACE_CACHE, "i", "1")
        yield


def _answers(agent: str) -> bool:
    words: Sequence[str] = ["snmpget", "-v2c", "-r0", "-t1", "-c", COMMUNITY, agent, "1.3.6.1.2.1.1.3.0"]
    return subprocess.run(words, capture_output=True, timeout=5, check=False).returncode == 0
