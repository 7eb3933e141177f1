from __future__ import annotations

import os
import re
from pathlib import Path

import requests

from tests.harness import ROOT, cannot, free_port, listens, service, wait_until
from tests.simulator.network import PASSWORD, Network


def mktxp() -> Path:
    """The independent exporter `make setup` installs."""
    installed = [Path(os.environ.get("MKTXP", "")), ROOT / ".venv-peers" / "bin" / "mktxp"]
    found = next((path for path in installed if path.is_file()), None)
    if found is None:
        cannot("mktxp is not installed: run `make setup`, or set MKTXP to its path")
    return found


def configure(folder: Path, program: Path, router: int, listen: int) -> None:
    """Write mktxp's own default configuration, with our router in place of its sample."""
    (defaults,) = program.parent.parent.glob("lib/python3*/site-packages/mktxp/cli/config")
    entry = f"[core-1]\n    port = {router}\n    username = monitor\n    password = {PASSWORD}\n    queue = True"
    routers = (defaults / "mktxp.conf").read_text(encoding="utf-8").replace("[Sample-Router]", entry)
    (folder / "mktxp.conf").write_text(routers.replace("192.168.88.1\n", "127.0.0.1\n", 1), encoding="utf-8")
    system = (defaults / "_mktxp.conf").read_text(encoding="utf-8").replace("0.0.0.0:49090", f"127.0.0.1:{listen}")
    (folder / "_mktxp.conf").write_text(system, encoding="utf-8")


def test_mktxp_exports_our_router(net: Network, tmp_path: Path) -> None:
    """The exporter mktxp 2.1 with its default collectors reads interfaces and queues, and complains of nothing."""
    port, program, log = free_port(), mktxp(), tmp_path / "mktxp.log"
    configure(tmp_path, program, net.ports["core-1"], port)
    command: list[str | Path] = [program, "--cfg-dir", tmp_path, "export"]
    env = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    url = f"http://127.0.0.1:{port}/metrics"

    # Not by a scrape, since mktxp answers only one in five seconds; nor by its word, which it gives before it listens.
    with service(command, log, ready=lambda: listens(port), env=env) as running:
        metrics = wait_until(lambda: has_interfaces(requests.get(url, timeout=20).text), "mktxp's metrics")
    received = dict(re.findall(r'mktxp_interface_rx_byte_total\{name="([^"]*)".*?\} (\S+)', metrics))
    assert received.keys() >= {"sfp1", "vlan20", "ether 4", "<pppoe-user 1>"}
    assert all(float(value) > 0 for value in received.values())
    queues = re.findall(r'mktxp_queue_simple_bytes_download_total\{name="([^"]*)"', metrics)
    assert queues == ["r1001", "yes", "123"]
    assert "Error" not in running.output()


def has_interfaces(metrics: str) -> str | None:
    return metrics if "mktxp_interface_rx_byte_total{" in metrics else None
