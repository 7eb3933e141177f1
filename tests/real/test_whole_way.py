from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.certificates import make_certificates
from tests.harness import wait_until
from tests.real.conftest import Measured
from tests.real.stack import Stack, stack
from tests.simulator.network import PASSWORD, Network, network

pytestmark = pytest.mark.slow

RESELLER, CLIENT, NOC = "whatsapp:+8801700000001", "whatsapp:+8801700000002", "whatsapp:+8801700000000"
PLAN_MBPS = 20
# The reseller's queue has no limit, and it takes this much. Prometheus knows nothing of the time before it started, so
# its 5-minute average rises with each reading by a twentieth of it: past 80 %, then past 100 % of the plan.
TAKEN_MBPS = 5.5 * PLAN_MBPS
PINGED = "203.0.113.10"  # asked from the device, which is simulated: nothing is sent there


@dataclass(frozen=True)
class Way:
    """A simulated RouterOS device with all of Backhaul behind it."""

    net: Network
    stack: Stack

    def told(self, to: str, *words: str) -> float | None:
        """When that recipient was first told something with all the words, None until then."""
        times = [message["accepted_at"] for message in self.stack.messages(*words) if message["to"] == to]
        return min(times, default=None)

    def recipients(self, words: str, at_least: int) -> list[str] | None:
        """Who got each message with these words, once there are that many."""
        found = [message["to"] for message in self.stack.messages(words)]
        return found if len(found) >= at_least else None


def router(folder: Path) -> dict[str, Any]:
    tls = make_certificates(folder, ["127.0.0.1"])
    now = time.time()
    traffic = {"mean": "1M", "events": [{"start": now - 600, "end": now + 600, "bps": TAKEN_MBPS * 1e6}]}
    return {
        "id": "core-1",
        "version": "7.16.2",
        "tls": {"cert": str(tls.cert), "key": str(tls.key)},
        "interfaces": [{"name": "ether1", "traffic": {"mean": "1M"}}],
        "queues": [{"name": "r1001", "max_limit": {"upload": 0, "download": 0}, "traffic": traffic}],
        "pings": [{"address": PINGED, "rtt_ms": 5}],
    }


def contacts(number: str) -> list[dict[str, str]]:
    return [{"name": "NOC", "whatsapp": number.removeprefix("whatsapp:"), "language": "en"}]


def inventory(folder: Path, port: int) -> Path:
    device = {"id": "core-1", "driver": "routeros", "host": "127.0.0.1", "port": port, "username": "monitor"}
    uplink = {
        "id": "r1001-main",
        "name": "Uplink",
        "device": "core-1",
        "attach": {"queue": "r1001"},
        "committed_mbps": 20,
    }
    line = {
        "id": "c1-main",
        "name": "Line",
        "device": "core-1",
        "attach": {"interface": "ether1"},
        "committed_mbps": 10,
    }
    line |= {"ping": PINGED, "ping_from": "device"}
    document = {
        "isp": {"id": "isp", "name": "ISP", "timezone": "Asia/Dhaka", "currency": "BDT", "contacts": contacts(NOC)},
        "devices": [device | {"password": PASSWORD, "tls": {"ca_file": str(folder / "ca.pem")}}],
        "links": [],
        "tenants": [
            {"id": "r1001", "kind": "reseller", "name": "Uttara", "contacts": contacts(RESELLER), "circuits": [uplink]},
            {"id": "c1", "kind": "client", "name": "Bank", "contacts": contacts(CLIENT), "circuits": [line]},
        ],
    }
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    with ExitStack() as running:
        net = running.enter_context(network(tmp_path, [router(tmp_path)]))
        file = inventory(tmp_path, net.ports["core-1"])
        yield Way(net, running.enter_context(stack(tmp_path, file)))


def test_from_the_router_to_the_phone(way: Way, measured: Measured) -> None:
    """A reseller at 80 % and at 100 %, a circuit down and up again: each is told to whom it concerns, once.

    The rules are the shipped ones to the letter, 5-minute windows and all.
    """
    wait_until(lambda: way.stack.value('isp_circuit_up{circuit="c1-main"}') == 1, "the circuit to be up", timeout=60)
    cut_at = time.time()
    way.net.fault(kind="cut", ping=PINGED)
    down = wait_until(
        lambda: way.told(CLIENT, "Circuit down", "c1-main"), "the tenant to hear of its circuit", timeout=60
    )
    measured(f"a circuit pinged from its device: tenant told {down - cut_at:.0f} s after the cut")
    way.net.repair()
    yellow = wait_until(lambda: way.told(RESELLER, "Reseller uses 80 %"), "yellow", timeout=90)
    red = wait_until(lambda: way.told(RESELLER, "Reseller uses all"), "red", timeout=90)
    assert yellow < red
    wait_until(lambda: way.told(NOC, "Reseller uses all"), "the operators to hear of it", timeout=30)
    # Down and up, to the tenant and to the operators, each once.
    about = wait_until(lambda: way.recipients("Circuit down", at_least=4), "the repair to be told", timeout=90)
    assert sorted(about) == sorted([CLIENT, NOC] * 2)
    assert way.told(CLIENT, "r1001") is None
    assert way.told(RESELLER, "c1-main") is None
