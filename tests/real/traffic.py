"""Real bytes by iperf3, and how many of them there are on the wire."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

from tests.harness import program, wait_until
from tests.real.network import Lab, run

PAYLOAD = 1400  # bytes of each UDP datagram
# What an interface counts beside the payload: Ethernet 14, IPv4 20, UDP 8. A veth has no preamble and no checksum.
OVERHEAD = 14 + 20 + 8
WIRE_RATIO = (PAYLOAD + OVERHEAD) / PAYLOAD
# One for each way, since a server runs one test at a time.
_PORTS = {"receive": 5201, "transmit": 5202}

Way = Literal["receive", "transmit"]
WAYS: tuple[Way, ...] = ("receive", "transmit")


@dataclass(frozen=True)
class Flow:
    """One stream of datagrams through one VLAN; `mbps` of payload, `way` as the router sees it."""

    vlan: int
    way: Way
    mbps: float


class Sending:
    """Flows under way."""

    def __init__(self, clients: dict[Flow, subprocess.Popen[str]]) -> None:
        self._clients = clients

    def wire_bytes(self) -> dict[Flow, int]:
        """Wait for the end; what was sent by each flow, counted as an interface counts it."""
        return {flow: _sent(flow, *client.communicate(timeout=200)) for flow, client in self._clients.items()}

    def stop(self) -> None:
        """End what still runs."""
        for client in self._clients.values():
            if client.poll() is None:
                client.kill()
            client.communicate()


def _sent(flow: Flow, out: str, err: str) -> int:
    assert '"end"' in out, f"iperf3 {flow}: {err or out}"
    report = json.loads(out)
    assert "error" not in report, f"iperf3 {flow}: {report['error']}"
    payload: int = report["end"]["sum_sent"]["bytes"]
    return round(payload * WIRE_RATIO)


@contextmanager
def servers(lab: Lab, vlans: Sequence[int]) -> Iterator[None]:
    """An iperf3 server in the router for each VLAN and way."""
    with ExitStack() as stack:
        for vlan in vlans:
            for port in _PORTS.values():
                words = [program("iperf3"), "-s", "-B", lab.router_address(vlan), "-p", str(port)]
                process = subprocess.Popen(
                    lab.inside(lab.router, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                stack.callback(process.wait, 10)
                stack.callback(process.kill)
        _wait_for_listeners(lab, 2 * len(vlans))
        yield


def _wait_for_listeners(lab: Lab, count: int) -> None:
    wait_until(lambda: run(*lab.inside(lab.router, "ss", "-Hltn")).count(":520") >= count, "iperf3 to listen")


@contextmanager
def sending(lab: Lab, flows: Sequence[Flow], seconds: float) -> Iterator[Sending]:
    """Send all flows for that long, from the peer's side; ends them if the block is left before."""
    clients = {flow: _client(lab, flow, seconds) for flow in flows}
    under_way = Sending(clients)
    try:
        yield under_way
    finally:
        under_way.stop()


def _client(lab: Lab, flow: Flow, seconds: float) -> subprocess.Popen[str]:
    where = ["-c", lab.router_address(flow.vlan), "-p", str(_PORTS[flow.way]), "-B", lab.peer_address(flow.vlan)]
    load = ["-u", "-b", f"{flow.mbps}M", "-l", str(PAYLOAD), "-t", f"{seconds:g}", "--json"]
    reverse = ["-R"] if flow.way == "transmit" else []
    words = lab.inside(lab.peer, program("iperf3"), *where, *load, *reverse)
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
