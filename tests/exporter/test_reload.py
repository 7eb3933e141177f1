"""Replacing the inventory while the exporter runs."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.exporter.routers import router
from tests.exporter.served import exporter, link, routeros, tenant, value
from tests.harness import wait_until


def test_a_broken_inventory_changes_nothing_but_the_metric(tmp_path: Path) -> None:
    """The old inventory stays, the problems are the answer, and a good file puts all right again."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        before = value(served.metrics(), "isp_inventory_reload_timestamp_seconds")
        served.write(devices=[routeros("core-1", device.port, driver="ros")], surprise=1)
        answer = served.reload()
        assert answer.status_code == 500
        assert 'unknown driver "ros"' in answer.text
        assert "surprise" in answer.text
        assert value(served.metrics(), "isp_inventory_reload_success") == 0
        assert value(served.metrics(), "isp_inventory_reload_timestamp_seconds") == before
        assert value(served.probe("core-1"), "isp_device_up") == 1
        served.write(devices=[routeros("core-1", device.port)])
        assert served.reload().status_code == 200
        assert value(served.metrics(), "isp_inventory_reload_success") == 1


def test_a_reload_keeps_what_stayed_and_drops_what_went(tmp_path: Path) -> None:
    """An unchanged device keeps session and rates; a changed one logs in anew; a removed one is hung up on."""
    nttn = link("nttn", (10, "kept", "vlan10"))
    with router() as kept, router() as changed, router() as removed:
        kept.interface(1, "vlan10", 0, 0)
        devices = [routeros("kept", kept.port), routeros("changed", changed.port), routeros("removed", removed.port)]
        with exporter(tmp_path, devices=devices, links=[nttn]) as served:
            earliest = time.monotonic()
            for name in ("kept", "changed", "removed"):
                assert value(served.probe(name), "isp_device_up") == 1
            latest = time.monotonic()
            kept.interface(1, "vlan10", 125_000, 250_000)
            devices = [routeros("kept", kept.port), routeros("changed", changed.port, timeout_seconds=3)]
            served.write(devices=devices, links=[nttn], tenants=[tenant("t1")])
            again = time.monotonic()
            served.process_signal(signal.SIGHUP)
            wait_until(lambda: served.get("/probe?target=removed").status_code == 404, "the device to be gone")
            got = served.probe("kept")
            end = time.monotonic()
            receive = value(got, "isp_vlan_bandwidth_bits_per_second", vlan="10", direction="receive")
            transmit = value(got, "isp_vlan_bandwidth_bits_per_second", vlan="10", direction="transmit")
            assert receive is not None
            assert 1_000_000 / (end - earliest) <= receive <= 1_000_000 / (again - latest)
            assert transmit == 2 * receive
            assert value(got, "isp_device_logins_total") == 1
            assert value(served.probe("changed"), "isp_device_up") == 1
            wait_until(lambda: removed.sessions == 0, "the session to the removed device to close")
    assert (kept.logins, changed.logins, removed.logins) == (1, 2, 1)
