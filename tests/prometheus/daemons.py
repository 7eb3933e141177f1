"""The real Prometheus and Alertmanager with the shipped files, in which only addresses are replaced."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import requests

from tests.harness import Service, answers, program, service
from tests.prometheus import files

Ports = Mapping[str, int]

# What `127.0.0.1:PORT` stands for in the shipped files.
SHIPPED = {"prometheus": 9090, "alertmanager": 9093, "exporter": 9909, "webhook": 9910}


def settle(directory: Path, ports: Ports, token: str) -> None:
    """Put the shipped files into `directory`, with these ports and a token file."""
    for source in (files.PROMETHEUS_CONFIG, files.ALERTMANAGER_CONFIG):
        text = source.read_text(encoding="utf-8")
        for name, shipped in SHIPPED.items():
            text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{ports[name]}")
        (directory / source.name).write_text(text, encoding="utf-8")
    shutil.copytree(files.PROMETHEUS / "rules", directory / "rules")
    (directory / "webhook-token").write_text(token, encoding="utf-8")


def prometheus(directory: Path, ports: Ports, *flags: str) -> AbstractContextManager[Service]:
    """Prometheus on the data in `directory`: started again, it goes on where it was."""
    address = f"127.0.0.1:{ports['prometheus']}"
    command = [
        *(program("prometheus"), f"--config.file={directory / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}", *flags),
    ]
    return service(command, directory / "prometheus.log", ready=lambda: answers(f"http://{address}/-/ready"))


def alertmanager(directory: Path, ports: Ports) -> AbstractContextManager[Service]:
    """Alertmanager alone: no cluster port."""
    address = f"127.0.0.1:{ports['alertmanager']}"
    command = [
        *(program("alertmanager", "prometheus-alertmanager"), f"--config.file={directory / 'alertmanager.yml'}"),
        *(f"--storage.path={directory / 'alertmanager'}", f"--web.listen-address={address}"),
        "--cluster.listen-address=",
    ]
    return service(command, directory / "alertmanager.log", ready=lambda: answers(f"http://{address}/-/ready"))


def firing(ports: Ports) -> set[str]:
    """The names of the alerts Prometheus reports as firing now; empty while it does not answer."""
    try:
        answer = requests.get(f"http://127.0.0.1:{ports['prometheus']}/api/v1/alerts", timeout=5)
    except requests.ConnectionError:
        return set()
    alerts: list[dict[str, Any]] = answer.json()["data"]["alerts"] if answer.ok else []
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def query(ports: Ports, expression: str) -> float | None:
    """The value of an expression with one result; None while there is none."""
    address = f"http://127.0.0.1:{ports['prometheus']}/api/v1/query"
    result = requests.get(address, params={"query": expression}, timeout=5).json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None
