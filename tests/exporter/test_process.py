"""The exporter as a process: it starts, says why it cannot, and ends when asked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from devices import open_session
from exporter import service
from exporter.ping.pinger import Pinger
from inventory.loader import load_inventory
from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, routeros, tenant, value
from tests.harness import BIN, wait_until


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_and_hangs_up(tmp_path: Path, how: signal.Signals) -> None:
    """Either signal ends it, even with a probe under way, and every session is closed."""
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)]) as served:
        served.probe("core-1")
        device.answering.clear()
        served.reload()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(served.get, "/probe?target=core-1", timeout=2)
            # It asks once more in a new session when the old one has not answered for half of the time.
            wait_until(lambda: device.asked.count("/system/resource/print") >= 2, "the probe to ask")
            served.process_signal(how)
            assert served.process is not None
            assert served.process.process.wait(timeout=20) in (0, 130)
        device.answering.set()
        wait_until(lambda: device.sessions == 0, "the session to close")
    assert "Traceback" not in served.log()


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    """Where something else listens, it ends at once and says what to change."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("isp: {id: a, name: A, timezone: UTC, currency: BDT}\ndevices: []\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command: list[str | Path] = [BIN / "backhaul", "exporter", "--inventory", inventory, "--listen", address]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert ended.returncode != 0
    assert f"cannot listen on {address.replace(':', ' port ')}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_disks_of_its_machine_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/` and what BACKHAUL_DISKS names, as df shows them: free for anybody, and the whole size."""
    monkeypatch.setenv("BACKHAUL_DISKS", f" {tmp_path}, /,")
    with exporter(tmp_path, devices=[]) as served:
        got = served.metrics()
    disk = os.statvfs(tmp_path)
    size, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
    assert value(got, "backhaul_disk_size_bytes", path=str(tmp_path)) == size
    assert value(got, "backhaul_disk_free_bytes", path=str(tmp_path)) == pytest.approx(free, abs=size / 100)
    assert (value(got, "backhaul_disk_free_bytes", path="/") or 0) > 0


def test_a_disk_that_is_none_is_named(tmp_path: Path) -> None:
    """The setting, the path and the reason, and no traceback."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("isp: {id: a, name: A, timezone: UTC, currency: BDT}\ndevices: []\n", encoding="utf-8")
    ended = subprocess.run(
        [BIN / "backhaul", "exporter", "--inventory", inventory, "--listen", "127.0.0.1:0"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env=dict(os.environ, BACKHAUL_DISKS="/nowhere"),
    )
    assert ended.returncode != 0
    assert 'BACKHAUL_DISKS: cannot measure "/nowhere": No such file or directory' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    """A host that is not found ends it at once, with the setting and no traceback."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("isp: {id: a, name: A, timezone: UTC, currency: BDT}\ndevices: []\n", encoding="utf-8")
    command: list[str | Path] = [BIN / "backhaul", "exporter", "--inventory", inventory, "--listen", "300.1.1.1:9909"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert ended.returncode != 0
    assert 'cannot listen on "300.1.1.1"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_circuit_begins_at_midnight_without_a_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first day of a circuit brings its series, the day after the last takes them away."""
    inventory = tmp_path / "inventory.yml"
    with router() as device:
        device.interface(1, "sfp1", 1, 2)
        only = {"from": "2026-02-01", "until": "2026-02-28"}
        with exporter(
            tmp_path,
            devices=[routeros("core-1", device.port)],
            tenants=[tenant("t1", circuit("feb", "core-1", {"interface": "sfp1"}, active=only))],
        ):
            pass  # it wrote the inventory that is read here
        seen = {}
        running = None
        # The calendar is the only thing that cannot be had for real.
        for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)):
            monkeypatch.setattr(service, "_day", lambda _, day=day: day)
            running = running or service.Exporter(
                lambda: load_inventory(inventory, {"ROUTER_PASSWORD": "secret-of-the-router"}), Pinger(), open_session
            )
            text = running.metrics() + running.probe("core-1", 5).body
            seen[day.isoformat()] = (b"isp_circuit_info{" in text, b"isp_circuit_oper_up{" in text)
        assert running is not None
        running.close()
    assert seen == {
        "2026-01-31": (False, False),
        "2026-02-01": (True, True),
        "2026-02-28": (True, True),
        "2026-03-01": (False, False),
    }
