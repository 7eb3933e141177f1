from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.ping.pinger import Pinger
from tests.exporter.ping.pinger_process import circuit, read, wait_for_verdicts
from tests.harness import require_root

PING_NAMES = {
    "isp_circuit_up",
    "isp_circuit_ping_rtt_seconds_bucket",
    "isp_circuit_ping_rtt_seconds_sum",
    "isp_circuit_ping_rtt_seconds_count",
    "isp_circuit_ping_last_rtt_seconds",
    "isp_circuit_ping_jitter_seconds",
    "isp_circuit_ping_loss_ratio",
    "isp_circuit_ping_sent_total",
    "isp_circuit_ping_received_total",
}


@pytest.fixture
def pinger() -> Iterator[Pinger]:
    require_root()
    pinger = Pinger()
    yield pinger
    pinger.close()


@pytest.mark.root
def test_circuits_that_answer_are_up(pinger: Pinger) -> None:
    """IPv4 and IPv6 addresses that answer are up without loss, and every metric of the contract is there."""
    pinger.set_circuits("skylink", [circuit("v4", "127.0.0.1"), circuit("other", "127.9.8.7"), circuit("v6", "::1")])
    pinger.start()
    reading = wait_for_verdicts(lambda: read(pinger), v4=1, other=1, v6=1)
    for name in ("v4", "other", "v6"):
        assert reading.names(name) == PING_NAMES
        assert reading.value("isp_circuit_ping_loss_ratio", name) == 0
        assert 0 < (reading.value("isp_circuit_ping_last_rtt_seconds", name) or 0) < 1
    assert reading.family_value("backhaul_pinger_socket_up", "ipv4") == 1
    assert reading.family_value("backhaul_pinger_socket_up", "ipv6") == 1


@pytest.mark.root
def test_only_what_the_server_pings_is_exposed(pinger: Pinger) -> None:
    """A circuit without an address, or pinged by its device, has no series here; a family nobody needs neither."""
    pinger.set_circuits(
        "skylink", [circuit("silent", None), circuit("remote", "127.0.0.1", "device"), circuit("v4", "127.0.0.2")]
    )
    pinger.start()
    reading = read(pinger)
    assert reading.names("v4") > reading.names("silent") == reading.names("remote") == set()
    assert reading.family_value("backhaul_pinger_socket_up", "ipv6") is None


@pytest.mark.root
def test_a_reload_keeps_the_numbers_of_circuits_that_did_not_change(pinger: Pinger) -> None:
    """Who stays goes on counting, who is new begins, who left or moved has no old series; other ISPs are untouched."""
    pinger.set_circuits(
        "skylink", [circuit("stays", "127.0.0.1"), circuit("leaves", "127.0.0.2"), circuit("moves", "127.0.0.3")]
    )
    pinger.set_circuits("other", [circuit("foreign", "127.0.0.4")])
    pinger.start()
    before = wait_for_verdicts(lambda: read(pinger), stays=1, moves=1, foreign=1)
    pinger.set_circuits(
        "skylink", [circuit("stays", "127.0.0.1"), circuit("moves", "127.0.0.30"), circuit("comes", "127.0.0.5")]
    )
    after = read(pinger)
    sent = "isp_circuit_ping_sent_total"
    assert after.names("leaves") == set()
    assert (after.value(sent, "stays") or 0) >= (before.value(sent, "stays") or 0)
    assert after.up("stays") == after.up("foreign") == 1
    assert after.up("moves") is None
    final = wait_for_verdicts(lambda: read(pinger), stays=1, moves=1, comes=1)
    assert final.value("isp_circuit_ping_received_total", "stays") == final.value(sent, "stays")


@pytest.mark.root
def test_a_pinger_that_does_not_run_says_nothing_of_its_circuits(pinger: Pinger) -> None:
    """While its thread does not come round there are no series of circuits, and its socket counts as down."""
    pinger.set_circuits("skylink", [circuit("v4", "127.0.0.1")])
    reading = read(pinger)
    assert reading.names("v4") == set()
    assert reading.family_value("backhaul_pinger_socket_up", "ipv4") == 0
