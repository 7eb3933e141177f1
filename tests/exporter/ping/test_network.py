from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter.ping.stats import STREAK
from exporter.ping.wheel import SLOTS
from tests.exporter.ping.network import Namespace, cable, namespace
from tests.exporter.ping.pinger_process import PingerProcess, Reading, pinger_process, wait_for_verdicts
from tests.harness import require_root, wait_until

pytestmark = pytest.mark.root


class Site(NamedTuple):
    near: Namespace
    far: Namespace
    pinger: PingerProcess


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two cables between the pinger and its customers, every circuit up. Each test spoils its own circuits."""
    require_root()
    with namespace() as near, namespace() as far:
        cable(near, far, 1, peers=3)
        wire = cable(near, far, 2)
        with pinger_process(tmp_path_factory.mktemp("ping") / "log", *near.enter()) as pinger:
            pinger.set_circuits(
                {
                    "filtered": "10.9.1.2",
                    "forbidden": "10.9.1.3",
                    "steady": "10.9.1.4",
                    "cut": "10.9.2.2",
                    "cut-v6": f"fe80::2%{wire}",
                }
            )
            wait_for_verdicts(pinger.read, filtered=1, forbidden=1, steady=1, cut=1, **{"cut-v6": 1})
            yield Site(near, far, pinger)


def test_pings_a_firewall_swallows_are_lost(site: Site) -> None:
    """Dropped on their way, pings are lost: down after three, loss rises; once they pass it is up, loss remembered."""
    site.far.drop("input", "ip daddr 10.9.1.2")
    lost = wait_for_verdicts(site.pinger.read, filtered=0, steady=1)
    assert 0 < (lost.value("isp_circuit_ping_loss_ratio", "filtered") or 0) < 1
    site.far.drop_nothing()
    found = wait_for_verdicts(site.pinger.read, filtered=1)
    assert 0 < (found.value("isp_circuit_ping_loss_ratio", "filtered") or 0) < 1
    assert found.value("isp_circuit_ping_loss_ratio", "steady") == 0


def test_pings_this_system_refuses_to_send_are_unknown_not_lost(site: Site) -> None:
    """A local firewall says nothing about the circuit: its verdict goes away, nothing is counted, the log says why."""
    site.near.drop("output", "ip daddr 10.9.1.3")
    before = site.pinger.read().value("isp_circuit_ping_sent_total", "forbidden")
    unknown = wait_for_verdicts(site.pinger.read, forbidden=None, steady=1)
    assert unknown.value("isp_circuit_ping_loss_ratio", "forbidden") == 0
    # The one that was under way.
    assert (unknown.value("isp_circuit_ping_sent_total", "forbidden") or 0) - (before or 0) <= 1
    assert (unknown.family_value("backhaul_pinger_not_sent_total", "ipv4") or 0) >= 3
    log = site.pinger.log()
    assert log.count("Operation not permitted") == 1
    assert "10.9.1.3" in log
    site.near.drop_nothing()
    wait_for_verdicts(site.pinger.read, forbidden=1)


def test_a_cut_cable_is_down_and_mended_is_up(site: Site) -> None:
    """Without a link, and without the interface, circuits over it are down; with a new interface they come back."""
    site.near.run("ip", "link", "set", "wire2", "down")
    wait_for_verdicts(site.pinger.read, cut=0, steady=1, **{"cut-v6": 0})
    site.near.run("ip", "link", "delete", "wire2")
    sent = "isp_circuit_ping_sent_total"
    before = site.pinger.read()
    cable(site.near, site.far, 2)
    after = wait_for_verdicts(site.pinger.read, cut=1, steady=1, **{"cut-v6": 1})
    for name in ("cut", "cut-v6"):
        assert (after.value(sent, name) or 0) > (before.value(sent, name) or 0)


def test_what_stops_one_ping_stops_none_of_the_same_turn(tmp_path: Path) -> None:
    """Of some sent in one go, one without a route is down, a forbidden one unknown, the others up without loss."""
    require_root()
    turn = [f"t{place}" for place in range(0, 5 * SLOTS, SLOTS)]
    circuits = {f"t{place}": f"127.0.{place // 250}.{place % 250 + 1}" for place in range(4 * SLOTS + 1)}
    circuits |= {turn[1]: "10.9.9.9", turn[3]: "127.1.1.1"}
    with namespace() as near, pinger_process(tmp_path / "log", *near.enter()) as pinger:
        near.drop("output", "ip daddr 127.1.1.1")
        pinger.set_circuits(circuits)
        verdicts = {turn[0]: 1, turn[1]: 0, turn[2]: 1, turn[3]: None, turn[4]: 1}
        wait_for_verdicts(pinger.read, **verdicts)
        reading = wait_for_verdicts(pinger.read, **verdicts, t1=1)
        assert reading.value("isp_circuit_ping_loss_ratio", turn[1]) == 1
        assert reading.value("isp_circuit_ping_sent_total", turn[3]) == 0
        for name in circuits.keys() - {turn[1], turn[3]}:
            assert reading.value("isp_circuit_ping_loss_ratio", name) == 0


def test_a_system_without_ipv6_says_nothing_of_circuits_and_with_it_no_route_is_down(tmp_path: Path) -> None:
    """Without an address to send from a circuit is unknown and the family away; with one a missing route is its own."""
    require_root()
    with namespace() as near, pinger_process(tmp_path / "log", *near.enter()) as pinger:
        pinger.set_circuits({"v4": "127.0.0.1", "loop": "::1", "v6": "2001:db8::9"})
        reading = wait_for_verdicts(pinger.read, v4=1, loop=1, v6=None)
        assert reading.value("isp_circuit_ping_sent_total", "v6") == 0
        assert reading.family_value("backhaul_pinger_socket_up", "ipv6") == 0
        assert reading.family_value("backhaul_pinger_socket_up", "ipv4") == 1
        assert pinger.log().count("has no IPv6 address") == 1
        near.run("ip", "link", "add", "lan", "type", "veth", "peer", "name", "port")
        near.run("ip", "link", "set", "lan", "up")
        near.run("ip", "address", "add", "2001:db8:1::1/64", "dev", "lan", "nodad")
        before = wait_for_verdicts(pinger.read, v4=1, loop=1, v6=0).value("isp_circuit_ping_sent_total", "v6") or 0
        near.run("ip", "link", "delete", "lan")

        def pinged_on() -> Reading | None:
            now = pinger.read()
            return now if (now.value("isp_circuit_ping_sent_total", "v6") or 0) > before + STREAK else None

        after = wait_until(pinged_on, "more pings without the address")
        assert after.up("v6") == 0, "an address that was lost is a cut line"
        assert after.family_value("backhaul_pinger_socket_up", "ipv6") == 1


def test_a_peer_that_refuses_does_not_disturb_the_others(tmp_path: Path) -> None:
    """ICMP errors that come back for one circuit are its loss, and nobody else's, on a datagram socket too."""
    require_root()
    with namespace() as near, namespace() as far:
        cable(near, far, 1, peers=2)
        near.run("sysctl", "-w", "net.ipv4.ping_group_range=0 0")
        far.drop("input", "ip daddr 10.9.1.2", "reject with icmp port-unreachable")
        with pinger_process(tmp_path / "log", *near.enter()) as pinger:
            pinger.set_circuits({"refused": "10.9.1.2", "steady": "10.9.1.3"})
            reading = wait_for_verdicts(pinger.read, refused=0, steady=1)
            assert reading.value("isp_circuit_ping_loss_ratio", "steady") == 0
            assert "datagram" in pinger.log()


def test_without_privilege_the_log_says_what_to_set_and_setting_it_helps(tmp_path: Path) -> None:
    """A user who may open no ICMP socket gets no verdicts but an answer, and datagram sockets after a reload."""
    require_root()
    with namespace() as near:
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        circuits = {"v4": "127.0.0.1", "v6": "::1"}
        with pinger_process(tmp_path / "log", *near.enter(), *nobody) as pinger:
            pinger.set_circuits(circuits)
            reading = pinger.read()
            assert reading.up("v4") is None
            assert reading.family_value("backhaul_pinger_socket_up", "ipv4") == 0
            assert 'net.ipv4.ping_group_range="65534 65534"' in pinger.log()
            assert "CAP_NET_RAW" in pinger.log()
            near.run("sysctl", "-w", "net.ipv4.ping_group_range=65534 65534")
            pinger.set_circuits(circuits)
            reading = wait_for_verdicts(pinger.read, v4=1, v6=1)
            assert reading.family_value("backhaul_pinger_socket_up", "ipv6") == 1
            assert reading.value("isp_circuit_ping_loss_ratio", "v4") == 0
