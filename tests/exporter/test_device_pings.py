"""Pings sent by the device: whether the circuit is up, and how they leave the counters alone."""

from __future__ import annotations

from pathlib import Path

from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, routeros, tenant, value


def test_a_circuit_pinged_from_its_device_is_up_then_down(tmp_path: Path) -> None:
    """Three good pings make it up, three lost ones down; all of it on /probe, with the device as vantage."""
    pinged = circuit("c1", "core-1", {"interface": "sfp1"}, ping="192.0.2.9", ping_from="device")
    with router() as device:
        device.interface(1, "sfp1", 1, 2)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", pinged)]) as served:
            up = served.probe("core-1")
            device.ping_rtt = None
            served.reload()
            down = served.probe("core-1")
            elsewhere = served.metrics()
    here = {"isp": "skylink", "tenant": "t1", "circuit": "c1"}
    assert value(up, "isp_circuit_up", **here) == 1
    assert value(up, "isp_circuit_ping_last_rtt_seconds", vantage="device", **here) == 0.009445
    assert value(up, "isp_circuit_ping_rtt_seconds_bucket", le="0.01", **here) == 3
    assert value(up, "isp_circuit_ping_loss_ratio", vantage="device", **here) == 0
    assert value(down, "isp_circuit_up", **here) == 0
    assert value(down, "isp_circuit_ping_sent_total", **here) == 6
    assert value(down, "isp_circuit_ping_received_total", **here) == 3
    assert value(down, "isp_circuit_oper_up", **here) == 1, "the port is up, whatever the ping says"
    assert value(elsewhere, "isp_circuit_up", **here) is None
    assert value(elsewhere, "isp_circuit_ping_sent_total", **here) is None


def test_a_router_that_may_not_ping_keeps_its_counters(tmp_path: Path) -> None:
    """Without the right to ping, whether the circuit is up is unknown, and the log says what to grant."""
    pinged = circuit("c1", "core-1", {"interface": "sfp1"}, ping="192.0.2.9", ping_from="device")
    with router() as device:
        device.traps["/ping"] = "not enough permissions (9)"
        device.interface(1, "sfp1", 1, 2)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", pinged)]) as served:
            got = served.probe("core-1")
            assert "not enough permissions" in served.log()
    assert value(got, "isp_circuit_up") is None
    assert value(got, "isp_circuit_ping_sent_total") is None
    assert value(got, "isp_device_collector_success", collector="pings") == 0
    assert value(got, "isp_circuit_download_bytes_total", circuit="c1") == 2


def test_pings_stop_before_the_deadline(tmp_path: Path) -> None:
    """More circuits than a probe has time for: the session is kept, and the next probe goes on where it ended."""
    circuits = [
        circuit(f"c{n}", "core-1", {"interface": "sfp1"}, ping=f"192.0.2.{n}", ping_from="device") for n in range(1, 9)
    ]
    with router() as device:
        device.interface(1, "sfp1", 1, 2)
        device.ping_seconds = 0.2
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served:
            first = served.probe("core-1", timeout=4)
            served.reload()
            second = served.probe("core-1", timeout=4)
    sent = "isp_circuit_ping_sent_total"
    after_first = {name for name in (c["id"] for c in circuits) if value(first, sent, circuit=name)}
    after_second = {name for name in (c["id"] for c in circuits) if value(second, sent, circuit=name)}
    assert 0 < len(after_first) < 8
    assert after_first < after_second
    assert value(second, "isp_device_logins_total") == 1
    assert value(first, "isp_circuit_download_bytes_total", circuit="c8") == 2
