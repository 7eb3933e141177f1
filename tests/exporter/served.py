"""A real exporter process on a free port with an inventory the test writes, and readers of what it answers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.harness import BIN, Service, answers, free_port, service

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]

ISP = {"id": "skylink", "name": "SkyLink Ltd", "timezone": "Asia/Dhaka", "currency": "BDT"}


def routeros(name: str, port: int, **more: Any) -> dict[str, Any]:
    """A device of the inventory that is a scripted router."""
    login = {"username": "monitor", "password": "${ROUTER_PASSWORD}", "tls": {"enabled": False}}
    return {"id": name, "driver": "routeros", "host": "127.0.0.1", "port": port, "timeout_seconds": 4} | login | more


def circuit(name: str, device: str, attach: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name.title(), "device": device, "attach": attach, "committed_mbps": 200} | more


def tenant(name: str, /, *circuits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "reseller", "name": name.upper(), "circuits": list(circuits)} | more


def link(name: str, *vlans: tuple[int, str, str]) -> dict[str, Any]:
    members = [{"vlan": v, "device": device, "interface": port, "capacity_mbps": 200} for v, device, port in vlans]
    return {"id": name, "name": name.upper(), "threshold_mbps": 950, "vlans": members}


class Exporter:
    """A running exporter: `write` its inventory, `get` an endpoint, or read samples."""

    def __init__(self, inventory: Path, port: int) -> None:
        self.inventory = inventory
        self.url = f"http://127.0.0.1:{port}"
        self.process: Service | None = None

    def write(self, **sections: Any) -> None:
        """Write the inventory; without `isp` the usual one."""
        self.inventory.write_text(yaml.safe_dump({"isp": ISP} | sections), encoding="utf-8")

    def get(self, path: str, *, timeout: float | None = None, **options: Any) -> requests.Response:
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": f"{timeout}"} if timeout is not None else {}
        return requests.get(self.url + path, headers=headers | options.pop("headers", {}), timeout=30, **options)

    def probe(self, device: str, timeout: float | None = None) -> Samples:
        answer = self.get(f"/probe?target={device}", timeout=timeout)
        assert answer.status_code == 200, answer.text
        return parse(answer.text)

    def metrics(self) -> Samples:
        return parse(self.get("/metrics").text)

    def reload(self) -> requests.Response:
        return requests.post(self.url + "/-/reload", timeout=30)

    def process_signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def log(self) -> str:
        assert self.process is not None
        return self.process.output()


def parse(text: str) -> Samples:
    """Every sample by name and labels; fails on a series that is there twice."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"twice in one exposition: {key}"
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, /, **labels: str) -> float | None:
    """The one sample of that name that has these labels; None where there is none."""
    found = [number for (known, has), number in samples.items() if known == name and set(labels.items()) <= has]
    assert len(found) <= 1, f"{len(found)} samples of {name} have {labels}"
    return found[0] if found else None


@contextmanager
def exporter(folder: Path, /, *words: str, **sections: Any) -> Iterator[Exporter]:
    """An exporter of an inventory with these sections, started with these words too."""
    port = free_port()
    running = Exporter(folder / "inventory.yml", port)
    running.write(**sections)
    environ = dict(os.environ, ROUTER_PASSWORD="secret-of-the-router")
    listen = f"127.0.0.1:{port}"
    command: list[str | Path] = [
        BIN / "backhaul",
        "exporter",
        "--inventory",
        running.inventory,
        "--listen",
        listen,
        *words,
    ]
    with service(
        command, folder / "exporter.log", ready=lambda: answers(f"{running.url}/-/ready"), env=environ
    ) as process:
        running.process = process
        yield running
